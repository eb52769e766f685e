#!/usr/bin/env bash
# How fast mail is given out: the reference server with its mail on disk beside Dovecot with Maildir (fixtures/targets/dovecot),
# the same messages and commands, server by server in turns, all on this machine.
#
#   benches/retrieval.sh                        10,000 messages, 5 rounds; Debian 12, root
#   benches/retrieval.sh --messages 1000 --rounds 9
#   benches/retrieval.sh --rows SEARCH          only the rows whose names have this in them
#   benches/retrieval.sh --scale                the reference server alone, with 1,000, 10,000 and 100,000 messages,
#                                               and with 100, 1,000 and 10,000 mailboxes
#   benches/retrieval.sh --idle                 the reference server alone: memory of 5,000 sessions that do nothing
#
# Dovecot runs twice. As it comes (mail_fsync = optimized) it waits for the disk when a message is saved, and not when flags
# change: a crash may undo them. With mail_fsync = always it waits for both, which is what the reference server promises. Its
# caches are warm: each row is played once before it counts. The table shows medians over the rounds; a ratio is the median of
# the ratios of a round, whose turns follow each other: above 1 the reference server was faster.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C

fail() { echo "retrieval.sh: $*" >&2; exit 1; }
what=compare options=()
while [ $# -gt 0 ]; do
    case $1 in
        --messages | --rounds | --rows) options+=("$1=${2:?a value}"); shift 2 ;;
        --scale | --idle) what=${1#--}; shift ;;
        *) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 2 ;;
    esac
done

cargo build --quiet --release --package reference-server --package retrieval
bin=${CARGO_TARGET_DIR:-target}/release
scratch=$(mktemp -d "${TMPDIR:-/tmp}/retrieval.XXXXXX")
# Dovecot changes to users of its own.
chmod 755 "$scratch"
reference=
dovecots=()
clean_up() {
    local name
    for name in "${dovecots[@]}"; do
        fixtures/targets/dovecot/stop.sh "$scratch/$name" > "$scratch/stop.txt" 2>&1 || true
    done
    [ -z "$reference" ] || kill "$reference" 2> /dev/null || true
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

answers() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }
accounts=()
for number in $(seq 24); do accounts+=(--account "user$number@example.org:secret$number"); done
# Each session is a connection from the same address.
ulimit -n "$(ulimit -H -n)"
"$bin/reference-server" --listen imap=127.0.0.1:22143 --listen pop3=127.0.0.1:22110 "${accounts[@]}" --data "$scratch/reference" \
    --limit connections=6000 --limit connections-per-address=6000 > "$scratch/reference.txt" 2>&1 &
reference=$!
for _ in $(seq 200); do
    ! answers 22143 || break
    sleep 0.05
done
answers 22143 || fail "the reference server does not start: $(cat "$scratch/reference.txt")"
case $what in
    scale) "$bin/retrieval" scale 22143; exit ;;
    idle) "$bin/retrieval" idle 22143 "$reference"; exit ;;
esac

[ "$(id -u)" = 0 ] || fail "Dovecot changes to users of its own: run it as root"
# Starts a Dovecot whose ports begin at $2, with this setting of mail_fsync.
dovecot() {
    dovecots+=("$1")
    fixtures/targets/dovecot/start.sh "$scratch/$1" "$2" > "$scratch/$1.txt" 2>&1 || fail "Dovecot does not start: $(tail -n 3 "$scratch/$1.txt")"
    fixtures/targets/dovecot/stop.sh "$scratch/$1" > /dev/null
    sed -i "/^hostname = /a mail_fsync = $3" "$scratch/$1/etc/dovecot.conf"
    command dovecot -c "$scratch/$1/etc/dovecot.conf" < /dev/null > "$scratch/$1.txt" 2>&1
    for _ in $(seq 200); do
        ! answers "$(($2 + 143))" || return 0
        sleep 0.05
    done
    fail "Dovecot does not start: $(tail -n 3 "$scratch/$1.txt")"
}
dovecot optimized 30000 optimized
dovecot always 40000 always
"$bin/retrieval" compare reference=22143:22110 dovecot=30143:30110 fsync-always=40143:40110 "${options[@]}"
