/**
 * The inner loops of the fingerprint, in AssemblyScript: four rows at a time, in the four 32-bit
 * lanes of a vector. `npm run kernel:write` compiles it to `../kernel-bytes.ts`. What the two
 * hashes are, and why, is said in `domain/fingerprint.ts`; `test/support/plain-fingerprint.ts`
 * computes the same one value after the other.
 *
 * Addresses are bytes from the start of the memory. `offsets` and `lengths` are arrays of 32-bit
 * integers, as are `rowA` and `rowB`, the chained hashes of each row; the length of a null is -1.
 * Up to three bytes behind a value are read, and behind an array up to three integers.
 */

/**
 * Adds `rows` values, which lie at `base` + their offset, to their rows, and writes three integers
 * to `sums`: both hashes of all values that are not null added up, and how many nulls there were.
 */
export function addColumn(
  base: i32,
  offsets: i32,
  lengths: i32,
  rows: i32,
  rowA: i32,
  rowB: i32,
  sums: i32,
): void {
  const eight = i32x4.splat(8);
  let sumA = i32x4.splat(0);
  let sumB = i32x4.splat(0);
  let nulls = i32x4.splat(0);
  for (let row = 0; row < rows; row += 4) {
    const at = row << 2;
    const inside = lanesInside(rows - row);
    // What stands behind the last row counts as null, and is added to nothing.
    const length = v128.or(v128.load(lengths + at), v128.not(inside));
    const addresses = i32x4.add(i32x4.splat(base), v128.load(offsets + at));
    const isNull = i32x4.shr_s(length, 31);
    let a = i32x4.splat(SEED_A);
    let b = i32x4.splat(SEED_B);
    if (i32x4.all_true(i32x4.eq(length, eight))) {
      const first = load8(i32x4.extract_lane(addresses, 0), i32x4.extract_lane(addresses, 1));
      const second = load8(i32x4.extract_lane(addresses, 2), i32x4.extract_lane(addresses, 3));
      const high = i8x16.shuffle(
        first,
        second,
        3,
        2,
        1,
        0,
        11,
        10,
        9,
        8,
        19,
        18,
        17,
        16,
        27,
        26,
        25,
        24,
      );
      const low = i8x16.shuffle(
        first,
        second,
        7,
        6,
        5,
        4,
        15,
        14,
        13,
        12,
        23,
        22,
        21,
        20,
        31,
        30,
        29,
        28,
      );
      a = stepA(stepA(a, high), low);
      b = stepB(stepB(b, high), low);
    } else {
      const words = v128.and(length, i32x4.splat(~3));
      // A lane that has come to its end waits for the others; what it reads at 0 counts for nothing.
      for (let word = 0; ; word += 4) {
        const runs = i32x4.gt_s(words, i32x4.splat(word));
        if (!v128.any_true(runs)) break;
        const value = load4(v128.and(i32x4.add(addresses, i32x4.splat(word)), runs));
        a = v128.bitselect(stepA(a, value), a, runs);
        b = v128.bitselect(stepB(b, value), b, runs);
      }
      const rest = v128.andnot(v128.and(length, i32x4.splat(3)), isNull);
      const hasRest = i32x4.gt_s(rest, i32x4.splat(0));
      if (v128.any_true(hasRest)) {
        const value = v128.and(
          load4(v128.and(i32x4.add(addresses, words), hasRest)),
          firstBytes(rest),
        );
        a = v128.bitselect(stepA(a, value), a, hasRest);
        b = v128.bitselect(stepB(b, value), b, hasRest);
      }
    }
    a = v128.bitselect(i32x4.splat(NULL_A), finish(a, length), isNull);
    b = v128.bitselect(i32x4.splat(NULL_B), finish(b, length), isNull);
    // A null counts in its row, and in its column only as a null.
    sumA = i32x4.add(sumA, v128.andnot(a, isNull));
    sumB = i32x4.add(sumB, v128.andnot(b, isNull));
    nulls = i32x4.sub(nulls, v128.and(isNull, inside));
    const oldA = v128.load(rowA + at);
    const oldB = v128.load(rowB + at);
    v128.store(rowA + at, v128.bitselect(chain(oldA, a), oldA, inside));
    v128.store(rowB + at, v128.bitselect(chain(oldB, b), oldB, inside));
  }
  store<i32>(sums, addLanes(sumA));
  store<i32>(sums + 4, addLanes(sumB));
  store<i32>(sums + 8, addLanes(nulls));
}

/** Adds the hashes of the first `rows` rows up into two integers at `sums`, and begins the rows anew. */
export function endRows(rows: i32, rowA: i32, rowB: i32, sums: i32): void {
  let sumA = i32x4.splat(0);
  let sumB = i32x4.splat(0);
  const none = i32x4.splat(0);
  for (let row = 0; row < rows; row += 4) {
    const at = row << 2;
    const inside = lanesInside(rows - row);
    sumA = i32x4.add(sumA, v128.and(finish(v128.load(rowA + at), none), inside));
    sumB = i32x4.add(sumB, v128.and(finish(v128.load(rowB + at), none), inside));
    v128.store(rowA + at, i32x4.splat(ROW_A));
    v128.store(rowB + at, i32x4.splat(ROW_B));
  }
  store<i32>(sums, addLanes(sumA));
  store<i32>(sums + 4, addLanes(sumB));
}

const SEED_A = 0x2545f491;
const SEED_B = 0x6c8e9cf5;
const NULL_A = 0x3c6ef372;
const NULL_B = 0x1f83d9ab;
const ROW_A = 0x51ed270b;
const ROW_B = 0x7f4a7c15;

// The two hashes must not have a way to miss the same change, so they mix differently: one by
// exclusive or and a shift, the other by addition and a rotation, with different odd factors.

function stepA(hash: v128, word: v128): v128 {
  const mixed = i32x4.mul(v128.xor(hash, word), i32x4.splat(0x9e3779b1));
  return v128.xor(mixed, i32x4.shr_u(mixed, 15));
}

function stepB(hash: v128, word: v128): v128 {
  const mixed = i32x4.mul(i32x4.add(hash, word), i32x4.splat(0x85ebca77));
  return v128.or(i32x4.shl(mixed, 13), i32x4.shr_u(mixed, 19));
}

/**
 * MurmurHash3's finaliser: every bit of the hash changes half of the bits of the result. The length
 * is mixed in here, so that a value padded with zeros is not taken for it.
 */
function finish(hash: v128, length: v128): v128 {
  let mixed = v128.xor(hash, length);
  mixed = i32x4.mul(v128.xor(mixed, i32x4.shr_u(mixed, 16)), i32x4.splat(0x85ebca6b));
  mixed = i32x4.mul(v128.xor(mixed, i32x4.shr_u(mixed, 13)), i32x4.splat(0xc2b2ae35));
  return v128.xor(mixed, i32x4.shr_u(mixed, 16));
}

/** Binds a value to those before it in its row: the order of the columns counts. */
function chain(row: v128, hash: v128): v128 {
  const turned = v128.or(i32x4.shl(row, 5), i32x4.shr_u(row, 27));
  return i32x4.mul(v128.xor(turned, hash), i32x4.splat(0xcc9e2d51));
}

/** All ones in the first `count` lanes. */
function lanesInside(count: i32): v128 {
  return i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3));
}

/** All ones in the first bytes of each lane: as many as the lane says, 0 to 3. */
function firstBytes(count: v128): v128 {
  const first = v128.and(i32x4.gt_s(count, i32x4.splat(0)), i32x4.splat(0xff000000));
  const second = v128.and(i32x4.gt_s(count, i32x4.splat(1)), i32x4.splat(0x00ff0000));
  const third = v128.and(i32x4.gt_s(count, i32x4.splat(2)), i32x4.splat(0x0000ff00));
  return v128.or(first, v128.or(second, third));
}

/** The four bytes at each of four addresses, the first one highest. */
function load4(addresses: v128): v128 {
  let words = v128.load_zero<i32>(i32x4.extract_lane(addresses, 0));
  words = v128.load_lane<i32>(i32x4.extract_lane(addresses, 1), words, 1);
  words = v128.load_lane<i32>(i32x4.extract_lane(addresses, 2), words, 2);
  words = v128.load_lane<i32>(i32x4.extract_lane(addresses, 3), words, 3);
  return i8x16.swizzle(words, i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

/** The eight bytes at each of two addresses, as they are. */
function load8(first: i32, second: i32): v128 {
  return v128.load_lane<i64>(second, v128.load_zero<i64>(first), 1);
}

function addLanes(lanes: v128): i32 {
  const halves = i32x4.add(
    lanes,
    i8x16.shuffle(lanes, lanes, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7),
  );
  return i32x4.extract_lane(halves, 0) + i32x4.extract_lane(halves, 1);
}
