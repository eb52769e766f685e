#!/usr/bin/env bash
# How fast mail is accepted: smtp-source (10 sessions, one message of 4 KB each time they connect) against the reference
# server with its queue on disk, against smtp-sink, which throws everything away, and against the real servers of
# fixtures/targets, all on this machine and in turns.
#
#   benches/acceptance.sh                       5 rounds of 2,000 messages; Debian 12, root
#   benches/acceptance.sh --messages 5000 --rounds 9
#   benches/acceptance.sh --against postfix     only beside these (postfix, exim, opensmtpd; default: all that are there)
#   benches/acceptance.sh --same-connection     sessions stay open from message to message
#
# Each server has delivered what it accepted before the next one's turn. The table shows medians over the rounds; the ratios
# are medians of the ratios of a round, whose turns follow each other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C

fail() { echo "acceptance.sh: $*" >&2; exit 1; }
messages=2000 rounds=5 sessions=10 length=4096 against=() again=()
while [ $# -gt 0 ]; do
    case $1 in
        --messages) messages=${2:?a number}; shift 2 ;;
        --rounds) rounds=${2:?a number}; shift 2 ;;
        --against) IFS=, read -ra against <<< "${2:?names}"; shift 2 ;;
        --same-connection) again=(-d); shift ;;
        *) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 2 ;;
    esac
done
[ "$(id -u)" = 0 ] || fail "the real servers change to users of their own: run it as root"
command -v smtp-source > /dev/null && command -v smtp-sink > /dev/null || fail "needs smtp-source and smtp-sink: apt-get install postfix"
if [ "${#against[@]}" = 0 ]; then
    for target in postfix exim opensmtpd; do
        [ ! -d "fixtures/targets/$target" ] || against+=("$target")
    done
fi

scratch=$(mktemp -d /tmp/acceptance.XXXXXX)
# The servers change to users of their own.
chmod 755 "$scratch"
processes=()
clean_up() {
    local target
    for target in "${against[@]}"; do
        [ ! -d "$scratch/$target" ] || "fixtures/targets/$target/stop.sh" "$scratch/$target" > "$scratch/stop.txt" 2>&1 || true
    done
    [ "${#processes[@]}" = 0 ] || kill "${processes[@]}" 2> /dev/null || true
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

answers() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }
wait_for_port() {
    for _ in $(seq 200); do
        answers "$1" && return
        sleep 0.05
    done
    fail "port $1 does not answer"
}

cargo build --quiet --release --package reference-server
declare -A port=([reference]=22525 [smtp-sink]=22526)
"${CARGO_TARGET_DIR:-target}/release/reference-server" --listen smtp=127.0.0.1:22525 --account user1@example.org:secret1 \
    --data "$scratch/reference" > "$scratch/reference.txt" 2>&1 &
reference=$!
processes+=("$reference")
smtp-sink -u nobody 127.0.0.1:22526 1000 > "$scratch/sink.txt" 2>&1 &
processes+=($!)
for target in "${against[@]}"; do
    "fixtures/targets/$target/start.sh" "$scratch/$target" > "$scratch/$target.txt" 2>&1 || fail "$target does not start: $(tail -n 3 "$scratch/$target.txt")"
    port[$target]=$(sed -n 's/^ *smtp: {port: \([0-9]*\).*/\1/p' "fixtures/targets/$target/target.yaml")
done
servers=(reference smtp-sink "${against[@]}")
for server in "${servers[@]}"; do wait_for_port "${port[$server]}"; done

# Processor time of everybody, in hundredths of a second: while somebody still delivers it goes on.
busy() { awk '/^cpu / { print $2 + $3 + $4 }' /proc/stat; }
wait_for_quiet() {
    local before
    for _ in $(seq 240); do
        before=$(busy)
        sleep 0.5
        [ $(($(busy) - before)) -gt 15 ] || return 0
    done
}

turn() {
    local began ended
    began=$(date +%s%N)
    smtp-source "${again[@]}" -s "$sessions" -l "$length" -m "$messages" -f sender@elsewhere.example -t user1@example.org "127.0.0.1:$1" \
        > "$scratch/source.txt" 2>&1 || fail "smtp-source: $(tail -n 1 "$scratch/source.txt")"
    ended=$(date +%s%N)
    echo $((messages * 1000000000 / (ended - began)))
}

for ((round = 1; round <= rounds; round++)); do
    for server in "${servers[@]}"; do
        turn "${port[$server]}" >> "$scratch/$server.rates"
        wait_for_quiet
    done
done

median() { sort -n | awk '{ value[NR] = $1 } END { print (NR % 2) ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2 }'; }
echo "$messages messages of $length octets, $sessions sessions, median of $rounds rounds"
printf '%-12s %14s %22s\n' server "accepted, 1/s" "reference / server"
for server in "${servers[@]}"; do
    ratio=$(paste "$scratch/reference.rates" "$scratch/$server.rates" | awk '{ print $1 / $2 }' | median)
    printf '%-12s %14.0f %22.2f\n' "$server" "$(median < "$scratch/$server.rates")" "$ratio"
done
