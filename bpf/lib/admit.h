/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_ADMIT_H
#define WAGGLE_LIB_ADMIT_H

#include "conntrack.h"
#include "debug.h"
#include "policy.h"

/*
 * May this packet go on? Asked once per packet and node, when both ends' identities are known; `trail` names them and the
 * subjects of the ends that are on this node.
 *   1. a living connection whose verdicts are those of the present policy: passes, nothing is looked up (admit_ip)
 *   2. an ICMP error about one: passes
 *   3. a living connection, but policy or identities changed: its first packet's question is asked again (judge_again)
 *   4. everything else is judged as if it opened a connection in the direction it has, and remembered if that may be (judge_new)
 */

/* What deciding about one packet needs; as tuple_work. */
struct admission {
	struct policy_question question;
	struct policy_answer answer;
	struct conntrack_entry fresh;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct admission);
} admissions SEC(".maps");

INLINE struct admission *get_admission(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&admissions, &zero);
}

/* Both ends may ping each other with one identifier: the other end's request is no answer, our answer no request. */
INLINE bool is_contrary(const struct tuple *tuple, bool initiator)
{
	return initiator ? tuple->answer : tuple->question;
}

/* 1 is only for packets that ask nothing: see admit_slowly() for the others. */
INLINE bool is_settled(const struct conntrack_entry *entry, const struct trail *trail, const struct tuple *tuple, bool initiator)
{
	__u32 source, destination;

	if (tuple->kind != TUPLE_TRACKED || !is_alive(entry, tuple->now) || wants_to_open(tuple) || is_contrary(tuple, initiator))
		return false;
	if (!config.policy_enabled)
		return true;
	if (entry->flags & (CONNTRACK_CUT | CONNTRACK_DRAINING) || entry->revision != policy_revision())
		return false;
	source = initiator ? entry->initiator_identity : entry->responder_identity;
	destination = initiator ? entry->responder_identity : entry->initiator_identity;
	return source == trail->source_identity && destination == trail->destination_identity;
}

/* The look-up of a packet's connection, with its ports as they are in the packet. */
INLINE void debug_lookup(struct __sk_buff *skb, const struct trail *trail, const struct packet *packet, const struct tuple *tuple, const bool ipv6)
{
	__u16 source = bpf_ntohs(tuple->from_low ? tuple->key.low_port : tuple->key.high_port);
	__u16 destination = bpf_ntohs(tuple->from_low ? tuple->key.high_port : tuple->key.low_port);

	emit_debug(skb, trail, (ipv6 ? DEBUG_MESSAGE_CT_LOOKUP6_1 : DEBUG_MESSAGE_CT_LOOKUP4_1) | ((__u64)destination << 16 | source) << 32,
		   ADDRESS_TAIL(&packet->source), ADDRESS_TAIL(&packet->destination));
	emit_debug(skb, trail, ipv6 ? DEBUG_MESSAGE_CT_LOOKUP6_2 : DEBUG_MESSAGE_CT_LOOKUP4_2, tuple->protocol << 8 | tuple->kind, 0);
}

/* The question that the first packet of the connection asks; `initiator`: this packet comes from the end that opened it. */
INLINE void ask(struct admission *work, const struct trail *trail, const struct tuple *tuple, bool initiator)
{
	struct policy_question *question = &work->question;

	question->initiator_identity = initiator ? trail->source_identity : trail->destination_identity;
	question->responder_identity = initiator ? trail->destination_identity : trail->source_identity;
	question->egress_subject = initiator ? trail->source_subject : trail->destination_subject;
	question->ingress_subject = initiator ? trail->destination_subject : trail->source_subject;
	question->initiator_endpoint = initiator ? trail->source_endpoint : trail->destination_endpoint;
	question->responder_endpoint = initiator ? trail->destination_endpoint : trail->source_endpoint;
	question->protocol = tuple->protocol;
	question->port = tuple->port;
	question->pad = 0;
	if (!initiator) {
		if (tuple->protocol == IPPROTO_ICMP)
			question->port = ICMP_ECHO;
		else if (tuple->protocol == IPPROTO_ICMPV6)
			question->port = ICMPV6_ECHO;
		else
			question->port = bpf_ntohs(tuple->from_low ? tuple->key.low_port : tuple->key.high_port);
	}
	if (config.allow_localhost && question->initiator_identity == RESERVED_IDENTITY_HOST)
		question->ingress_subject = 0;
	if (ask_policy(question, &work->answer))
		work->answer.denied = TRAFFIC_DIRECTION_EGRESS;
}

/* The refusal that the answer makes of the packet. */
INLINE int refuse(struct __sk_buff *skb, struct trail *trail, const struct admission *work)
{
	const struct policy_answer *answer = &work->answer;
	bool egress = answer->denied == TRAFFIC_DIRECTION_EGRESS;
	const struct policy_decision *decision = egress ? &answer->egress : &answer->ingress;

	DEBUG(skb, trail, POLICY_DENIED, trail->source_identity, trail->destination_identity);
	trail->denied = answer->denied;
	trail->rule = decision->rule;
	trail->endpoint_id = egress ? work->question.initiator_endpoint : work->question.responder_endpoint;
	count_rule(trail->rule, skb->len);
	/* The default has a rule number too (of the policies that made it so), but matches nothing. */
	return POLICY_DECISION_MATCH(decision->decision) != POLICY_MATCH_NONE ? DROP(POLICY, POLICY_DENY) : DROP(POLICY, POLICY_DENIED);
}

/* A connection that policy allows gets its row; without one it is judged again with each packet. */
INLINE void remember(struct __sk_buff *skb, struct trail *trail, struct admission *work, const struct tuple *tuple,
		     const struct conntrack_entry *before)
{
	bool mid_stream = tuple->protocol == IPPROTO_TCP && !(tuple->tcp_flags & TCP_SYN);
	struct conntrack_entry *entry = &work->fresh;

	trail->reason = TRACE_REASON_NEW;
	__builtin_memset(entry, 0, sizeof(*entry));
	entry->flags = (tuple->from_low ? CONNTRACK_LOW_INITIATED : 0) | (mid_stream ? CONNTRACK_MID_STREAM : 0) | flags_of(tuple, true);
	entry->flags_initiator = tuple->tcp_flags;
	entry->initiator_identity = trail->source_identity;
	entry->responder_identity = trail->destination_identity;
	entry->traced_initiator = tuple->now;
	entry->created = tuple->now;
	entry->initiator.packets = 1;
	entry->initiator.bytes = skb->len;
	if (config.policy_enabled) {
		entry->revision = work->answer.revision;
		entry->egress_rule = work->answer.egress.rule;
		entry->ingress_rule = work->answer.ingress.rule;
		if (work->answer.audited)
			entry->flags |= CONNTRACK_AUDITED;
	}
	entry->expires = tuple->now + lifetime(tuple->protocol, entry->flags);
	if (bpf_map_update_elem(&conntrack, &tuple->key, entry, BPF_ANY)) {
		COUNT_CONNTRACK(insert_failed);
		return;
	}
	DEBUG_3(skb, trail, DEBUG_OF(skb->protocol == bpf_htons(ETH_P_IPV6), CT_CREATED), 0, trail->source_identity, 0);
	if (before)
		COUNT_CONNTRACK(reused);
	else
		COUNT_CONNTRACK(created);
	if (mid_stream)
		COUNT_CONNTRACK(mid_stream);
}

/* Belongs in the table once it passed: neither an answer to nothing nor the last sigh of a connection that is over. */
INLINE bool opens_connection(const struct tuple *tuple)
{
	return tuple->kind == TUPLE_TRACKED && !tuple->answer && !(tuple->tcp_flags & TCP_RST);
}

/* 4. `before`: a row that it takes over, dead or closed; or NULL. */
SEPARATE int judge_new(struct __sk_buff *skb, struct trail *trail, const struct conntrack_entry *before)
{
	struct tuple_work *reading = get_tuple_work();
	struct admission *work = get_admission();
	const struct policy_answer *answer;

	if (!trail || !work || !reading)
		return DROP(POLICY, INVALID_PACKET);
	DEBUG(skb, trail, CT_VERDICT, 0, 0);
	if (config.policy_enabled) {
		answer = &work->answer;
		ask(work, trail, &reading->tuple, true);
		if (unlikely(reading->tuple.ports_unknown && (answer->egress.asked || answer->ingress.asked)))
			return DROP(POLICY, FRAGMENT_NOT_FOUND);
		if (answer->egress.told || answer->ingress.told)
			emit_verdicts(skb, trail, &work->question, answer);
		if (answer->denied)
			return refuse(skb, trail, work);
		DEBUG_3(skb, trail, DEBUG_MESSAGE_L4_CREATE, trail->source_identity, trail->destination_identity,
			(__u32)bpf_htons(reading->tuple.port) << 16 | reading->tuple.protocol);
		count_rule(answer->egress.rule, skb->len);
		count_rule(answer->ingress.rule, skb->len);
	}
	if (opens_connection(&reading->tuple))
		remember(skb, trail, work, &reading->tuple, before);
	return 0;
}

/* A connection that is denied now and was not before: may it go on? Sets the flags for what follows. */
INLINE bool may_linger(struct conntrack_entry *entry, const struct policy_answer *answer, __u32 now)
{
	if (entry->flags & CONNTRACK_CUT)
		return false;
	switch (answer->on_deny) {
	case POLICY_ON_DENY_KEEP:
		return true;
	case POLICY_ON_DENY_DRAIN:
		if (!(entry->flags & CONNTRACK_DRAINING)) {
			entry->drain_until = now + answer->drain_seconds;
			set_flags(entry, CONNTRACK_DRAINING);
		}
		return (__s32)(entry->drain_until - now) > 0;
	default:
		return false;
	}
}

/*
 * 3. The row stays whatever comes of it: were the row of a connection that is cut deleted, its responder's next packet could open
 * it in the other direction.
 */
SEPARATE int judge_again(struct __sk_buff *skb, struct trail *trail, struct conntrack_entry *entry)
{
	struct tuple_work *reading = get_tuple_work();
	struct admission *work = get_admission();
	const struct policy_answer *answer;
	bool initiator, changed;

	if (!trail || !work || !reading || !entry)
		return DROP(POLICY, INVALID_PACKET);
	answer = &work->answer;
	initiator = from_initiator(entry, &reading->tuple);
	DEBUG(skb, trail, CT_VERDICT, initiator ? 1 : 2, 0);
	ask(work, trail, &reading->tuple, initiator);
	if (entry->revision != answer->revision)
		COUNT_CONNTRACK(evaluated_again);
	changed = entry->egress_rule != answer->egress.rule || entry->ingress_rule != answer->ingress.rule ||
		  !!answer->denied != !!(entry->flags & CONNTRACK_CUT) || is_shadowed(answer);
	if (changed && (answer->egress.told || answer->ingress.told))
		emit_verdicts(skb, trail, &work->question, answer);
	if (!answer->denied) {
		if (entry->flags & (CONNTRACK_CUT | CONNTRACK_DRAINING | CONNTRACK_AUDITED))
			clear_flags(entry, CONNTRACK_CUT | CONNTRACK_DRAINING | CONNTRACK_AUDITED);
		if (answer->audited)
			set_flags(entry, CONNTRACK_AUDITED);
	} else if (!may_linger(entry, answer, reading->tuple.now) && !(entry->flags & CONNTRACK_CUT)) {
		set_flags(entry, CONNTRACK_CUT);
		COUNT_CONNTRACK(cut);
	}
	if (entry->flags & CONNTRACK_CUT || !answer->denied) {
		entry->egress_rule = answer->egress.rule;
		entry->ingress_rule = answer->ingress.rule;
	}
	/* The other end's packets may see other identities than this one: they have to compare. */
	entry->initiator.generation = entry->responder.generation = 0;
	entry->initiator_identity = work->question.initiator_identity;
	entry->responder_identity = work->question.responder_identity;
	/* Last: whoever sees the new revision finds the rest in place. */
	*(volatile __u32 *)&entry->revision = answer->revision;
	if (entry->flags & CONNTRACK_CUT)
		return refuse(skb, trail, work);
	continue_connection(entry, trail, &reading->tuple, initiator, skb->len);
	return 0;
}

/* 2, 3, 4. `entry`: the row of the packet's connection, alive or not, or NULL. */
SEPARATE int admit_slowly(struct __sk_buff *skb, struct trail *trail, struct conntrack_entry *entry)
{
	struct tuple_work *work = get_tuple_work();
	struct tuple *tuple;
	bool initiator;

	if (!trail || !work)
		return DROP(POLICY, INVALID_PACKET);
	tuple = &work->tuple;
	if (tuple->kind == TUPLE_UNTRACKED)
		return judge_new(skb, trail, NULL);
	if (!entry || !is_alive(entry, tuple->now) || (tuple->kind == TUPLE_RELATED && entry->flags & CONNTRACK_CUT)) {
		if (tuple->kind == TUPLE_RELATED)
			tuple->kind = TUPLE_UNTRACKED;
		return judge_new(skb, trail, entry);
	}
	initiator = from_initiator(entry, tuple);
	if (tuple->kind == TUPLE_RELATED) {
		DEBUG(skb, trail, CT_VERDICT, 3, 0);
		trail->reason = TRACE_REASON_RELATED;
		trail->is_reply = !initiator;
		COUNT_CONNTRACK(related);
		return 0;
	}
	if (is_contrary(tuple, initiator)) {
		tuple->kind = TUPLE_UNTRACKED;
		return judge_new(skb, trail, NULL);
	}
	/* A SYN opens a new connection, unless it is the one that opened this one, sent again. */
	if (wants_to_open(tuple) && (!initiator || entry->flags & (CONNTRACK_SEEN_REPLY | CONNTRACK_FIN_INITIATOR | CONNTRACK_RESET |
								    CONNTRACK_MID_STREAM | CONNTRACK_CUT)))
		return judge_new(skb, trail, entry);
	if (config.policy_enabled)
		return judge_again(skb, trail, entry);
	continue_connection(entry, trail, tuple, initiator, skb->len);
	return 0;
}

/*
 * Shall the row learn where this packet goes (path.h)? Not while it knows; but always anew once that is no good any more, as whoever
 * changed the maps may not have come to say so. With policy off nobody has compared identities yet.
 */
INLINE bool wants_path(struct conntrack_entry *entry, const struct trail *trail, const struct tuple_work *work, bool initiator)
{
	const struct conntrack_side *side = side_of(entry, initiator);

	return trail->delivery && (initiator ? entry->initiator_identity : entry->responder_identity) == trail->source_identity &&
	       (side->generation != work->generation || side->from != work->origin || ticks() - side->kept > PATH_TICKS);
}

INLINE int admit_ip(struct __sk_buff *skb, struct trail *trail, const struct packet *packet, const bool ipv6)
{
	struct tuple_work *work = get_tuple_work();
	struct conntrack_entry *entry = NULL;
	struct tuple *tuple;
	bool initiator;

	if (unlikely(!work))
		return DROP(POLICY, INVALID_PACKET);
	tuple = &work->tuple;
	TRY(read_tuple(skb, packet, work, ipv6));
	tuple->now = seconds();
	if (likely(tuple->kind != TUPLE_UNTRACKED))
		entry = bpf_map_lookup_elem(&conntrack, &tuple->key);
	if (unlikely(config.debug))
		debug_lookup(skb, trail, packet, tuple, ipv6);
	if (likely(entry)) {
		initiator = from_initiator(entry, tuple);
		if (likely(is_settled(entry, trail, tuple, initiator))) {
			DEBUG(skb, trail, CT_VERDICT, initiator ? 1 : 2, 0);
			if (config.policy_enabled && initiator) {
				count_rule(entry->egress_rule, skb->len);
				count_rule(entry->ingress_rule, skb->len);
			}
			continue_connection(entry, trail, tuple, initiator, skb->len);
			trail->keeps_path = wants_path(entry, trail, work, initiator);
			return 0;
		}
	}
	return admit_slowly(skb, trail, entry);
}

SEPARATE int admit_ipv4(struct __sk_buff *skb, struct trail *trail, const struct packet *packet)
{
	return trail && packet ? admit_ip(skb, trail, packet, false) : DROP(POLICY, INVALID_PACKET);
}

SEPARATE int admit_ipv6(struct __sk_buff *skb, struct trail *trail, const struct packet *packet)
{
	return trail && packet ? admit_ip(skb, trail, packet, true) : DROP(POLICY, INVALID_PACKET);
}

#endif
