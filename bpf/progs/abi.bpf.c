// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Nothing to run: this object exists for its BTF. tools/abigen makes the C# types from it, and the loader compares every
 * object it loads with them. A type belongs here exactly when user space reads or writes it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "../abi/address.h"
#include "../abi/capture.h"
#include "../abi/config.h"
#include "../abi/conntrack.h"
#include "../abi/drop_reason.h"
#include "../abi/endpoint.h"
#include "../abi/event.h"
#include "../abi/identity.h"
#include "../abi/ipcache.h"
#include "../abi/metrics.h"
#include "../abi/multicast.h"
#include "../abi/nat.h"
#include "../abi/node.h"
#include "../abi/policy.h"

#define ABI_STRUCT(name) const struct name *abi_struct_##name __attribute__((unused))
#define ABI_ENUM(name) const enum name *abi_enum_##name __attribute__((unused))

/* #define constants do not reach BTF; this enum carries those that user space needs. */
enum abi_constants {
	ABI_EVENT_VERSION        = EVENT_VERSION,
	ABI_EVENT_CAPTURE_MAX    = EVENT_CAPTURE_MAX,
	ABI_CAPTURE_RULES        = CAPTURE_RULES,
	ABI_MCAST_SLOTS          = MCAST_SLOTS,
	ABI_MCAST_WORDS          = MCAST_WORDS,
	ABI_MCAST_MAX_SOURCES    = MCAST_MAX_SOURCES,
	ABI_MCAST_CONTROL_OFFSET = MCAST_CONTROL_OFFSET,
};

ABI_ENUM(abi_constants);
ABI_STRUCT(address);

ABI_ENUM(routing_mode);
ABI_ENUM(deny_response);
ABI_ENUM(trace_aggregation);
ABI_STRUCT(datapath_config);

ABI_ENUM(drop_reason);
ABI_ENUM(traffic_direction);
ABI_ENUM(source_file);
ABI_STRUCT(metrics_entry);
ABI_STRUCT(metrics_site);
ABI_STRUCT(event_counters);

ABI_ENUM(reserved_identity);
ABI_ENUM(endpoint_flags);
ABI_STRUCT(endpoint_key);
ABI_STRUCT(endpoint_info);

ABI_ENUM(ipcache_flags);
ABI_STRUCT(ipcache_key);
ABI_STRUCT(ipcache_prefix_key);
ABI_STRUCT(ipcache_entry);

ABI_STRUCT(node_key);
ABI_STRUCT(node_info);

ABI_ENUM(event_type);
ABI_ENUM(trace_point);
ABI_ENUM(trace_reason);
ABI_ENUM(debug_message);
ABI_ENUM(membership_change);
ABI_STRUCT(event_header);
ABI_STRUCT(packet_capture);
ABI_STRUCT(drop_event);
ABI_STRUCT(trace_event);
ABI_STRUCT(verdict_event);
ABI_STRUCT(debug_event);
ABI_STRUCT(trace_state);
ABI_STRUCT(event_account);
ABI_STRUCT(membership_event);

ABI_STRUCT(capture_rule);
ABI_STRUCT(capture_control);
ABI_STRUCT(capture_record);
ABI_STRUCT(capture_losses);

ABI_ENUM(group_flags);
ABI_ENUM(slot_kind);
ABI_ENUM(membership_compat);
ABI_ENUM(filter_mode);
ABI_ENUM(join_flags);
ABI_ENUM(mcast_control_op);
ABI_ENUM(mcast_control_result);
ABI_STRUCT(mcast_group_key);
ABI_STRUCT(mcast_group);
ABI_STRUCT(mcast_slot);
ABI_STRUCT(mcast_join_key);
ABI_STRUCT(mcast_join);
ABI_STRUCT(mcast_source_list);
ABI_STRUCT(mcast_sender_key);
ABI_STRUCT(mcast_sender);
ABI_STRUCT(mcast_unconfigured);
ABI_STRUCT(mcast_limit);
ABI_STRUCT(mcast_fan_out);
ABI_STRUCT(mcast_control_args);

ABI_ENUM(nat_direction);
ABI_STRUCT(nat_key);
ABI_STRUCT(nat_entry);
ABI_STRUCT(fragment_key);
ABI_STRUCT(fragment_entry);

ABI_ENUM(policy_mode);
ABI_ENUM(policy_action);
ABI_ENUM(policy_match);
ABI_ENUM(policy_on_deny);
ABI_ENUM(policy_protocol_bit);
ABI_STRUCT(policy_peer_key);
ABI_STRUCT(policy_peer);
ABI_STRUCT(policy_rule_key);
ABI_STRUCT(policy_rule);
ABI_STRUCT(policy_side);
ABI_STRUCT(policy_subject);
ABI_STRUCT(policy_state);
ABI_STRUCT(policy_counter);

ABI_ENUM(conntrack_flags);
ABI_ENUM(conntrack_path);
ABI_STRUCT(conntrack_key);
ABI_STRUCT(conntrack_side);
ABI_STRUCT(conntrack_entry);
ABI_STRUCT(forwarding_state);
ABI_STRUCT(conntrack_counters);

char _license[] SEC("license") = "Dual BSD/GPL";
