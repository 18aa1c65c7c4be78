# SPDX-License-Identifier: Apache-2.0
#
# upstream.bash - rule files as Falco publishes them, where they are there: below the folder SPOOR_UPSTREAM_RULES.
#
#   source tests/lib/upstream.bash
#   upstream_missing && skip "no rule files of upstream (SPOOR_UPSTREAM_RULES)"
#   upstream_file NAME		path of the file of that name, wherever it is below the folder; fails if there is none
#   upstream_extras		the rule files for single applications of 2019, one a line
#
# Known names: falco_rules.yaml, falco-incubating_rules.yaml, falco-sandbox_rules.yaml (github.com/falcosecurity/rules),
# k8s_audit_rules.yaml (github.com/falcosecurity/plugins), rules-*.yaml (github.com/falcosecurity/falco-extras).

upstream_missing() {
	[ ! -d "${SPOOR_UPSTREAM_RULES:-}" ]
}

upstream_file() {
	local f
	f=$(find "$SPOOR_UPSTREAM_RULES" -name "$1" -type f | sort | head -n 1)
	[ -n "$f" ] && echo "$f"
}

upstream_extras() {
	find "$SPOOR_UPSTREAM_RULES" -name 'rules-*.yaml' -type f ! -path '*/testdata/*' ! -path '*/templates/*' | sort
}
