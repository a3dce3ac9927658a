/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#ifndef WAGGLE_LIB_MULTICAST_POLICY_H
#define WAGGLE_LIB_MULTICAST_POLICY_H

#include "forward.h"
#include "multicast_work.h"

/*
 * Ingress policy of a group's local members. A datagram goes to many, so it is no connection here: each member whose policy is
 * enforced is asked about each datagram; members without cost one look-up. The sender's egress policy is asked in pod.bpf.c.
 */

/* What policy will ask about: once per datagram. */
NOINLINE int note_target(struct __sk_buff *skb, const struct packet *packet, struct mcast_work *work, bool ipv6)
{
	struct tuple_work *reading = get_tuple_work();

	if (!reading)
		return DROP(MULTICAST_POLICY, COPY_FAILED);
	TRY(ipv6 ? read_tuple(skb, packet, reading, true) : read_tuple(skb, packet, reading, false));
	work->protocol = reading->tuple.protocol;
	work->port = reading->tuple.port;
	work->ports_unknown = reading->tuple.ports_unknown;
	return 0;
}

/* 1: the datagram may be delivered through this device. */
NOINLINE int member_may_hear(struct __sk_buff *skb, const struct trail *trail, const struct mcast_work *work, __u32 ifindex)
{
	const struct endpoint_info *member = find_endpoint_of_device(ifindex);
	struct admission *admission = get_admission();
	struct policy_question *question;
	const struct policy_answer *answer;
	struct trail refusal = {};
	int verdict;

	if (!member || !member->policy_subject)
		return 1;
	if (!admission || (config.allow_localhost && trail->source_identity == RESERVED_IDENTITY_HOST))
		return !!admission;
	question = &admission->question;
	answer = &admission->answer;
	question->initiator_identity = trail->source_identity;
	question->responder_identity = member->identity;
	question->egress_subject = 0;
	question->ingress_subject = member->policy_subject;
	question->initiator_endpoint = trail->endpoint_id;
	question->responder_endpoint = member->endpoint_id;
	question->port = work->port;
	question->protocol = work->protocol;
	question->pad = 0;
	if (ask_policy(question, &admission->answer))
		return 0;
	refusal.source_identity = trail->source_identity;
	refusal.destination_identity = member->identity;
	if (work->ports_unknown && answer->ingress.asked) {
		refusal.endpoint_id = member->endpoint_id;
		record_drop(skb, &refusal, DROP(MULTICAST_POLICY, FRAGMENT_NOT_FOUND), TRAFFIC_DIRECTION_INGRESS);
		return 0;
	}
	if (!answer->denied) {
		count_rule(answer->ingress.rule, skb->len);
		return 1;
	}
	if (answer->ingress.told)
		emit_verdict(skb, &refusal, question, &answer->ingress, TRAFFIC_DIRECTION_INGRESS);
	verdict = refuse(skb, &refusal, admission);
	record_drop(skb, &refusal, verdict, TRAFFIC_DIRECTION_INGRESS);
	return 0;
}

#endif
