// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
/*
 * cut - what keeps a control group from the network: attached to it, packets of its sockets go only to and from addresses that
 * are in the maps. It is asked for every packet, so connections that are open stop with the next one. Types are those of the
 * kernel's interface: nothing here depends on the kernel's version.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct key4 { __u32 bits; __u8 a[4]; };
struct key6 { __u32 bits; __u8 a[16]; };

#define MAX_NETS 1024

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_NETS);
	__type(key, struct key4);
	__type(value, __u8);
} reachable4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_NETS);
	__type(key, struct key6);
	__type(value, __u8);
} reachable6 SEC(".maps");

/* The other end is at these offsets of the header: RFC 791 3.1, RFC 8200 3. */
static __always_inline int passes(struct __sk_buff *skb, __u32 at4, __u32 at6)
{
	struct key4 k4 = { .bits = 32 };
	struct key6 k6 = { .bits = 128 };

	if (skb->protocol == bpf_htons(ETH_P_IP))
		return !bpf_skb_load_bytes(skb, at4, k4.a, 4) && bpf_map_lookup_elem(&reachable4, &k4) != 0;
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return !bpf_skb_load_bytes(skb, at6, k6.a, 16) && bpf_map_lookup_elem(&reachable6, &k6) != 0;
	return 0;
}

SEC("cgroup_skb/egress")
int cut_egress(struct __sk_buff *skb)
{
	return passes(skb, 16, 24);
}

SEC("cgroup_skb/ingress")
int cut_ingress(struct __sk_buff *skb)
{
	return passes(skb, 12, 8);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
