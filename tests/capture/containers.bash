# SPDX-License-Identifier: Apache-2.0
#
# containers.bash - tests that record containers: what lib.bash, daemon.bash and tests/lib/container.bash have, and
#
#   containers_setup_file	for setup_file: why they cannot run here is found out once
#   containers_setup	for setup: skips then; begins in a folder of its own

source "$SPOOR_SRC/tests/capture/lib.bash"
source "$SPOOR_SRC/tests/capture/daemon.bash"
source "$SPOOR_SRC/tests/lib/container.bash"

containers_setup_file() {
	export CAPTURE_MISSING
	CAPTURE_MISSING=$(capture_missing) || CAPTURE_MISSING=$(container_missing) || CAPTURE_MISSING=
}

containers_setup() {
	[ -z "$CAPTURE_MISSING" ] || skip "$CAPTURE_MISSING"
	cd "$BATS_TEST_TMPDIR"
}
