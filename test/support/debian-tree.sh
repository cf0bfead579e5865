#!/bin/sh
# Builds a Debian tree with the servers that the tests run against: PostgreSQL 17 with
# TimescaleDB (Apache edition), PgBouncer, Redis, and moto as an S3. Nothing in it runs until a test says so.
#
#   flock LOCK debian-tree.sh TARGET     as root; a TARGET that exists is left as it is
#
# TARGET's name carries this file's hash, so that any change here builds a new tree.
set -eu
target=$1
[ ! -e "$target" ] || exit 0

# In a mount namespace of its own every mount ends with this process, whatever ends it: nothing is
# ever left mounted below a directory that somebody may remove.
if [ "${2-}" != inside ] && unshare --mount true 2>/dev/null; then
  exec unshare --mount sh "$0" "$target" inside
fi

release=trixie
tree=$target.building
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
rm -rf --one-file-system "$tree"

if ! command -v debootstrap >/dev/null; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends debootstrap debian-archive-keyring
fi

# The mirror that this machine itself uses. apt is asked, so that every format of its sources
# will do. On anything but Debian there is none, and debootstrap takes its default.
. /etc/os-release
mirror=
if [ "$ID" = debian ]; then
  suites="${VERSION_CODENAME:-sid}|stable|oldstable|testing"
  mirror=$(apt-get --print-uris update |
    sed -nE "s#^'([^']*)/dists/($suites)/InRelease'.*#\1#p" | head -n 1)
fi
debootstrap --variant=minbase --include=ca-certificates "$release" "$tree" ${mirror:+"$mirror"}

# How this machine reaches its mirror (a proxy, a certificate of its own) holds inside as well.
apt-config dump Acquire >"$tree/etc/apt/apt.conf.d/00machine"
cp /etc/hosts "$tree/etc/hosts"
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
  cp -L /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/ca-certificates.crt"
fi

# What the tests never read is left out: it is a third of the unpacking.
cat >"$tree/etc/dpkg/dpkg.cfg.d/lean" <<'DPKG'
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
DPKG

# Installing must start no server and make no cluster.
printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
chmod 755 "$tree/usr/sbin/policy-rc.d"
mkdir -p "$tree/etc/postgresql-common"
echo 'create_main_cluster = false' >"$tree/etc/postgresql-common/createcluster.conf"

# python3-cryptography's set-up needs /proc. debootstrap leaves a link there in some containers.
[ ! -L "$tree/proc" ] || { rm "$tree/proc" && mkdir "$tree/proc"; }
mountpoint -q "$tree/proc" || mount -t proc proc "$tree/proc" || true
chroot "$tree" sh -eu <<'INSIDE'
apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  postgresql-17 postgresql-17-timescaledb pgbouncer redis-server python3-moto python3-flask-cors
apt-get clean
rm -rf /var/lib/apt/lists/*
INSIDE

# Proof that all of it is there, before the tree gets its name.
chroot "$tree" /usr/lib/postgresql/17/bin/postgres --version
chroot "$tree" redis-server --version
chroot "$tree" pgbouncer --version
test -e "$tree/usr/share/postgresql/17/extension/timescaledb.control"
test -x "$tree/usr/bin/moto_server"

# The servers' users must get at their own data in here, and nobody needs to list the others'.
mkdir -p "$tree/srv/runs"
chmod 711 "$tree/srv/runs"
chmod 1777 "$tree/dev/shm"
umount "$tree/proc" 2>/dev/null || true
mv "$tree" "$target"
