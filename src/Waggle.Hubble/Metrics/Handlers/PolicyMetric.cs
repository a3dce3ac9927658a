using Waggle.Hubble.Flows;
using Waggle.Hubble.Metrics.Configuration;
using Waggle.Hubble.Metrics.Series;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Metrics.Handlers;

/// <summary><c>policy</c>: decisions of policy by direction, kind of match and outcome.</summary>
internal sealed class PolicyMetric : FlowMetric
{
    private const uint Host = 1;

    private readonly CounterFamily _verdicts;

    public PolicyMetric(MetricDefinition definition, int limit) : base(definition, limit) =>
        _verdicts = Counter("policy_verdicts_total", "Total number of Cilium network policy verdicts", "direction", "match", "action");

    public override void Process(in FlowRecord flow)
    {
        string match;
        switch (flow.EventType)
        {
            // The node's own processes always reach its pods: no policy decides that.
            case FlowEventType.PolicyVerdict when flow.SourceIdentity != Host:
                match = MetricWords.Match(flow.PolicyMatch);
                break;
            case FlowEventType.AccessLog:
                match = flow.L7?.RecordCase switch { Layer7.RecordOneofCase.Dns => "l7/dns", Layer7.RecordOneofCase.Http => "l7/http", Layer7.RecordOneofCase.Kafka => "l7/kafka", _ => "l7/" };
                break;
            default:
                return;
        }

        var values = new LabelValues(stackalloc char[256]);
        values.Add(flow.Direction == TrafficDirection.Unknown ? "traffic_direction_unknown" : MetricWords.Direction(flow.Direction));
        values.Add(match);
        values.Add(MetricWords.Action(flow.Verdict));
        Context.AddTo(ref values, in flow);
        _verdicts.Add(ref values);
        values.Dispose();
    }
}
