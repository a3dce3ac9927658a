/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_POLICY_H
#define WAGGLE_LIB_POLICY_H

#include "config.h"
#include "event.h"
#include "maps_policy.h"
#include "packet.h"
#include "../abi/metrics.h"

/* What policy says about opening a connection; the look-up that abi/policy.h describes. */
struct policy_question {
	__u32 initiator_identity;
	__u32 responder_identity;
	__u32 egress_subject;     /* of the end that opens it; 0: not on this node, or nothing is enforced */
	__u32 ingress_subject;    /* of the other end */
	__u32 initiator_endpoint; /* for events */
	__u32 responder_endpoint;
	__u16 port;               /* host order; ICMP: the type */
	__u8 protocol;
	__u8 pad;
};

struct policy_decision {
	__u32 rule;
	__u32 shadow_rule;
	__u8 decision;            /* POLICY_DECISION; the action is what was done: AUDIT where it would have been denied */
	__u8 shadow_decision;
	bool asked;               /* the side is enforced, or would be */
	bool told;                /* somebody wants the event */
};

struct policy_answer {
	struct policy_decision egress;
	struct policy_decision ingress;
	__u32 revision;           /* that it is of */
	__u16 drain_seconds;      /* of the subject that denies */
	__u8 on_deny;
	__u8 denied;              /* enum traffic_direction of the side that says no; 0: allowed */
	bool audited;
	__u8 pad[3];
};

INLINE __u32 policy_revision(void)
{
	__u32 zero = 0;
	struct policy_state *state = bpf_map_lookup_elem(&policy_state, &zero);

	return state ? *(volatile __u32 *)&state->revision : 0;
}

/* Revision (low half) and sequence, read as one: what was read between two equal ones was not written over meanwhile. */
INLINE __u64 policy_moment(void)
{
	__u32 zero = 0;
	struct policy_state *state = bpf_map_lookup_elem(&policy_state, &zero);

	return state ? *(volatile __u64 *)state : 0;
}

INLINE void count_rule(__u32 rule, __u32 bytes)
{
	struct policy_counter *counter;

	if (!rule)
		return;
	counter = bpf_map_lookup_elem(&policy_counters, &rule);
	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}
}

/* The bit of policy_peer.prefixes that says whether a protocol has port rows. */
INLINE __u32 protocol_bit(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return 1U << POLICY_PROTOCOL_TCP;
	case IPPROTO_UDP:
		return 1U << POLICY_PROTOCOL_UDP;
	case IPPROTO_SCTP:
		return 1U << POLICY_PROTOCOL_SCTP;
	case IPPROTO_ICMP:
		return 1U << POLICY_PROTOCOL_ICMP;
	case IPPROTO_ICMPV6:
		return 1U << POLICY_PROTOCOL_ICMPV6;
	default:
		return 1U << POLICY_PROTOCOL_OTHER;
	}
}

#define POLICY_MAX_PREFIX 16

/*
 * log2 of the highest set bit, by a de Bruijn sequence: testing bit after bit shows the verifier 2^17 different paths. Tables have
 * to be global: libbpf 1.1 gives BTF of static data no offset, and the kernel then refuses all BTF of the object.
 */
const __u8 highest_bits[32] = {
	0, 9, 1, 10, 13, 21, 2, 29, 11, 14, 16, 18, 22, 25, 3, 30, 8, 12, 20, 28, 15, 17, 24, 7, 19, 27, 23, 6, 26, 5, 4, 31,
};

INLINE __u32 highest_bit(__u32 bits)
{
	bits |= bits >> 1;
	bits |= bits >> 2;
	bits |= bits >> 4;
	bits |= bits >> 8;
	bits |= bits >> 16;
	return highest_bits[bits * 0x07c4acddU >> 27];
}

/* Step 3: the port rows of a class, longest prefix first; NULL: none matches. */
INLINE const struct policy_rule *find_port_rule(__u32 table, __u16 class, __u32 prefixes, __u8 protocol, __u16 port)
{
	struct policy_rule_key key = { .table = table, .class = class, .protocol = protocol };
	const struct policy_rule *rule;
	__u32 lengths = prefixes & ((2U << POLICY_MAX_PREFIX) - 1);
	__u32 length, i;

	if (!(prefixes & protocol_bit(protocol)))
		return NULL;
	for (i = 0; i <= POLICY_MAX_PREFIX && lengths; i++) {
		length = highest_bit(lengths);
		lengths &= ~(1U << length);
		key.prefix_length = length;
		key.port = port & (0xffffU << (POLICY_MAX_PREFIX - length));
		rule = bpf_map_lookup_elem(&policy_rules, &key);
		if (rule)
			return rule;
	}
	return NULL;
}

/* Steps 2 and 3 for one side. `target`: protocol << 16 | port. */
SEPARATE int find_decision(const struct policy_side *side, __u32 identity, __u32 target, struct policy_decision *decision)
{
	struct policy_peer_key key = { .identity = identity };
	const struct policy_rule *rule = NULL;
	const struct policy_peer *peer;
	__u32 prefixes;
	__u16 class;

	if (!side || !decision)
		return 1;
	key.table = side->table;
	peer = bpf_map_lookup_elem(&policy_peers, &key);
	if (peer) {
		decision->rule = peer->rule;
		decision->shadow_rule = peer->shadow_rule;
		decision->decision = peer->decision;
		decision->shadow_decision = peer->shadow_decision;
		prefixes = peer->prefixes;
		class = peer->class;
	} else {
		decision->rule = side->other.rule;
		decision->shadow_rule = side->other.shadow_rule;
		decision->decision = side->other.decision;
		decision->shadow_decision = side->other.shadow_decision;
		prefixes = side->other.prefixes;
		class = side->other.class;
	}
	if (prefixes)
		rule = find_port_rule(key.table, class, prefixes, target >> 16, target & 0xffff);
	if (rule) {
		decision->rule = rule->rule;
		decision->shadow_rule = rule->shadow_rule;
		decision->decision = rule->decision;
		decision->shadow_decision = rule->shadow_decision;
	}
	return 0;
}

/*
 * Asks one side. Only ALLOW passes: a redirect to a proxy fails closed while there is none. A subject that an endpoint names but
 * that has no row allows nothing.
 */
INLINE void ask_side(const struct policy_question *question, struct policy_answer *answer, const bool egress)
{
	__u32 number = egress ? question->egress_subject : question->ingress_subject;
	struct policy_decision *decision = egress ? &answer->egress : &answer->ingress;
	const struct policy_subject *subject;
	const struct policy_side *side;
	__u8 action;

	decision->rule = 0;
	decision->shadow_rule = 0;
	decision->decision = decision->shadow_decision = POLICY_DECISION(POLICY_ACTION_ALLOW, POLICY_MATCH_NONE);
	decision->asked = decision->told = false;
	if (!number || answer->denied)
		return;
	subject = bpf_map_lookup_elem(&policy_subjects, &number);
	if (unlikely(!subject)) {
		decision->decision = decision->shadow_decision = POLICY_DECISION(POLICY_ACTION_DENY, POLICY_MATCH_NONE);
		decision->asked = decision->told = true;
		answer->denied = egress ? TRAFFIC_DIRECTION_EGRESS : TRAFFIC_DIRECTION_INGRESS;
		answer->on_deny = POLICY_ON_DENY_CUT;
		return;
	}
	side = egress ? &subject->egress : &subject->ingress;
	if (side->mode == POLICY_MODE_OFF)
		return;
	if (find_decision(side, egress ? question->responder_identity : question->initiator_identity,
			  (__u32)question->protocol << 16 | question->port, decision))
		decision->decision = POLICY_DECISION(POLICY_ACTION_DENY, POLICY_MATCH_NONE);
	decision->asked = true;
	decision->told = subject->verdict_events ||
			 POLICY_DECISION_ACTION(decision->decision) != POLICY_DECISION_ACTION(decision->shadow_decision);
	action = POLICY_DECISION_ACTION(decision->decision);
	if (action == POLICY_ACTION_ALLOW)
		return;
	if (side->mode == POLICY_MODE_AUDIT) {
		decision->decision = POLICY_DECISION(POLICY_ACTION_AUDIT, POLICY_DECISION_MATCH(decision->decision));
		decision->told = true;
		answer->audited = true;
		return;
	}
	decision->decision = POLICY_DECISION(POLICY_ACTION_DENY, POLICY_DECISION_MATCH(decision->decision));
	answer->denied = egress ? TRAFFIC_DIRECTION_EGRESS : TRAFFIC_DIRECTION_INGRESS;
	answer->on_deny = subject->on_deny;
	answer->drain_seconds = subject->drain_seconds;
}

/* With everything in force that is on trial, the answer would be another. */
INLINE bool is_shadowed(const struct policy_answer *answer)
{
	return POLICY_DECISION_ACTION(answer->egress.decision) != POLICY_DECISION_ACTION(answer->egress.shadow_decision) ||
	       POLICY_DECISION_ACTION(answer->ingress.decision) != POLICY_DECISION_ACTION(answer->ingress.shadow_decision);
}

INLINE void ask_both(const struct policy_question *question, struct policy_answer *answer)
{
	answer->on_deny = 0;
	answer->drain_seconds = 0;
	answer->denied = 0;
	answer->audited = false;
	ask_side(question, answer, true);
	ask_side(question, answer, false);
}

/*
 * Asks until the policy did not change meanwhile: rows of a table that was just replaced may be half gone, or their memory be another
 * row's, and what they say then is neither the old policy nor the new one. The agent moves policy_state in between (abi/policy.h).
 */
#define POLICY_ATTEMPTS 4

SEPARATE int ask_policy(const struct policy_question *question, struct policy_answer *answer)
{
	__u64 moment;
	int i;

	if (!question || !answer)
		return 1;
	for (i = 0; i < POLICY_ATTEMPTS; i++) {
		moment = policy_moment();
		answer->revision = (__u32)moment;
		ask_both(question, answer);
		if (likely(policy_moment() == moment))
			break;
	}
	return 0;
}

SEPARATE int emit_verdict(struct __sk_buff *skb, const struct trail *trail, const struct policy_question *question,
			  const struct policy_decision *decision, __u32 direction)
{
	bool egress = direction == TRAFFIC_DIRECTION_EGRESS;
	struct verdict_event *event;

	if (!trail || !question || !decision || !event_allowed())
		return 0;
	event = begin_event(skb, trail, EVENT_TYPE_VERDICT, sizeof(*event));
	if (!event)
		return 0;
	event->header.endpoint_id = egress ? question->initiator_endpoint : question->responder_endpoint;
	event->rule = decision->rule;
	event->shadow_rule = decision->shadow_rule;
	event->remote_identity = egress ? question->responder_identity : question->initiator_identity;
	event->destination_port = question->port;
	event->proxy_port = 0;
	event->protocol = question->protocol;
	event->direction = direction;
	event->action = POLICY_DECISION_ACTION(decision->decision);
	event->match = POLICY_DECISION_MATCH(decision->decision);
	event->shadow_action = POLICY_DECISION_ACTION(decision->shadow_decision);
	event->shadow_match = POLICY_DECISION_MATCH(decision->shadow_decision);
	event->ipv6 = skb->protocol == bpf_htons(ETH_P_IPV6);
	event->pad = 0;
	fill_capture(skb, &event->packet);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

INLINE void emit_verdicts(struct __sk_buff *skb, const struct trail *trail, const struct policy_question *question,
			  const struct policy_answer *answer)
{
	if (answer->egress.told)
		emit_verdict(skb, trail, question, &answer->egress, TRAFFIC_DIRECTION_EGRESS);
	if (answer->ingress.told)
		emit_verdict(skb, trail, question, &answer->ingress, TRAFFIC_DIRECTION_INGRESS);
}

#endif
