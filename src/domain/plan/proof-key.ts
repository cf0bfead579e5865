/**
 * What it takes to make a `ProvenSegments`. Only the verifier imports this; the module borders
 * (.dependency-cruiser.cjs) keep it so.
 */
export const PROOF_KEY: unique symbol = Symbol('what verification makes');
