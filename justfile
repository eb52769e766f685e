# Short names for the project's commands; each is one line you may as well type.

# Everything CI does
ci *stages:
    .ci/run {{stages}}

# Every suite against the reference server
run *args:
    cargo run --release -- run {{args}}

# What the project tests about itself
test *args:
    cargo test --workspace {{args}}

# Validate the suites without running them
check *args:
    cargo run --release -- check --deny-warnings {{args}}

# Format and lint
lint:
    cargo fmt --check && cargo clippy --workspace --all-targets -- -D warnings

# Regenerate the committed report of a target: reference, dovecot, cyrus, courier, postfix, exim, opensmtpd
report target:
    cargo run --release -- run --target {{target}} --start --transcripts notable --reports reports/{{target}}

# Regenerate the comparison of the committed reports
matrix:
    cargo run --release -- matrix reports/reference/report.json reports/dovecot/report.json reports/cyrus/report.json reports/courier/report.json reports/postfix/report.json reports/exim/report.json reports/opensmtpd/report.json > reports/matrix.md

# Regenerate the schemas of suites and topologies
schema:
    cargo run --release -- schema > suites/schema.json
    cargo run --release -- schema topologies > fixtures/topologies/schema.json

# Steps per second beside a bare client
bench:
    cargo bench --bench steps_per_second
