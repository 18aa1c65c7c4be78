# SPDX-License-Identifier: Apache-2.0
#
# kubernetes.bash - Kubernetes' published API description, for tests: openapi.json.gz in the folder SPOOR_KUBERNETES.
#
#   kubernetes_missing		prints why the tests that need it cannot run, and succeeds then; else it is $kubernetes_api

kubernetes_missing() {
	kubernetes_api=${SPOOR_KUBERNETES:-$SPOOR_SRC/../shared/kubernetes}/openapi.json.gz
	[ -r "$kubernetes_api" ] || { echo "no description of the Kubernetes API (SPOOR_KUBERNETES)"; return 0; }
	command -v python3 >/dev/null || { echo "python3 is not installed"; return 0; }
	return 1
}
