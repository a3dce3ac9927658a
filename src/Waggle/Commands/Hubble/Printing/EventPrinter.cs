using System.Globalization;
using Google.Protobuf;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relays;

namespace Waggle.Commands.Hubble.Printing;

/// <summary>Prints what an observer sends, line by line.</summary>
internal sealed class EventPrinter(TextWriter output, TextWriter error, PrintOptions options)
{
    private readonly FlowColumns _columns = new(options);
    private readonly RecordWriter _records = new(output, options.Format);

    /// <summary>Events that the server said were lost.</summary>
    public ulong Lost { get; private set; }

    public void Write(GetFlowsResponse response)
    {
        switch (response.ResponseTypesCase)
        {
            case GetFlowsResponse.ResponseTypesOneofCase.Flow:
                Flow(response);
                break;
            case GetFlowsResponse.ResponseTypesOneofCase.NodeStatus:
                NodeStatus(response);
                break;
            case GetFlowsResponse.ResponseTypesOneofCase.LostEvents:
                LostEvents(response);
                break;
            default:
                // Something newer than this program: told only to those who look for it.
                if (options.Debug && !options.Silent)
                {
                    error.Write("a response of an unknown kind was skipped\n");
                }

                break;
        }
    }

    public void Write(GetAgentEventsResponse response)
    {
        var happened = response.AgentEvent;
        if (happened is null)
        {
            return;
        }

        string type = ProtoNames.AgentEventType[(int)happened.Type], details = AgentEventText.Of(happened, options.Time);
        switch (options.Format)
        {
            case EventFormat.Json:
                Line(response);
                break;
            case EventFormat.Compact:
                output.Write($"{options.Time(response.Time)}{Node(response.NodeName)}: {type} ({details})\n");
                break;
            default:
                _records.Write([("TIMESTAMP", options.Time(response.Time)), .. NodeField(response.NodeName), ("TYPE", type), ("DETAILS", details)]);
                break;
        }
    }

    public void Write(GetDebugEventsResponse response)
    {
        if (response.DebugEvent is not { } happened)
        {
            return;
        }

        string type = ProtoNames.DebugEventType[(int)happened.Type], from = DebugEventText.From(happened.Source), mark = DebugEventText.Mark(happened.Hash), cpu = DebugEventText.Cpu(happened.Cpu);
        switch (options.Format)
        {
            case EventFormat.Json:
                Line(response);
                break;
            case EventFormat.Compact:
                output.Write($"{options.Time(response.Time)}{Node(response.NodeName)}: {from} {type} MARK: {mark} CPU: {cpu} ({happened.Message})\n");
                break;
            case EventFormat.Table:
                _records.Write([("TIMESTAMP", options.Time(response.Time)), .. NodeField(response.NodeName), ("FROM", from), ("TYPE", type), ("CPU/MARK", $"{cpu} {mark}"), ("MESSAGE", happened.Message)]);
                break;
            default:
                _records.Write([("TIMESTAMP", options.Time(response.Time)), .. NodeField(response.NodeName), ("TYPE", type), ("FROM", from), ("MARK", mark), ("CPU", cpu), ("MESSAGE", happened.Message)]);
                break;
        }
    }

    /// <summary>Ends a table.</summary>
    public void Finish() => _records.Finish();

    private void Flow(GetFlowsResponse response)
    {
        var flow = response.Flow;
        switch (options.Format)
        {
            case EventFormat.Json:
                Line(response);
                break;
            case EventFormat.Compact:
                Compact(flow);
                break;
            default:
                _records.Write(_columns.All(flow));
                break;
        }
    }

    // Who asked stands on the left, also where the packet goes to the left.
    private void Compact(Flow flow)
    {
        var (source, destination) = _columns.Hosts(flow);
        var (from, to) = _columns.Identities(flow);
        var sides = flow.IsReply switch
        {
            null => $"{source} {from} <> {destination} {to}",
            true => $"{destination} {to} <- {source} {from}",
            false => $"{source} {from} -> {destination} {to}",
        };
        output.Write($"{options.Time(flow.Time)}{Node(flow.NodeName)}: {sides} {FlowText.Type(flow)} {_columns.Verdict(flow)} ({_columns.Summary(flow)})\n");
    }

    private void LostEvents(GetFlowsResponse response)
    {
        var lost = response.LostEvents;
        Lost += lost.NumEventsLost;
        var source = ProtoNames.LostEventSource[(int)lost.Source];
        var summary = string.Create(CultureInfo.InvariantCulture, $"CPU({lost.Cpu ?? 0}) - {lost.NumEventsLost}");
        switch (options.Format)
        {
            case EventFormat.Json:
                Line(response);
                break;
            case EventFormat.Compact:
                output.Write(string.Create(CultureInfo.InvariantCulture, $"EVENTS LOST: {source} CPU({lost.Cpu ?? 0}) {lost.NumEventsLost}\n"));
                break;
            default:
                _records.Write([("TIMESTAMP", ""), .. NodeField(""), ("SOURCE", source), .. options.Format == EventFormat.Table ? [("DESTINATION", "")] : Array.Empty<(string, string)>(), ("TYPE", "EVENTS LOST"), ("VERDICT", ""), ("SUMMARY", summary)]);
                break;
        }
    }

    private void NodeStatus(GetFlowsResponse response)
    {
        var status = response.NodeStatus;
        if (options.Silent || (!options.Debug && status.StateChange is not (NodeState.NodeError or NodeState.NodeUnavailable)))
        {
            return;
        }

        var nodes = NodeNames.Join(status.NodeNames);
        switch (options.Format)
        {
            case EventFormat.Json:
                error.Write(ProtoJson.Of(response) + "\n");
                break;
            case EventFormat.Dict:
                _records.Separate();
                output.Flush();
                RecordWriter.WriteFields(error,
                [
                    ("TIMESTAMP", options.Time(response.Time)), ("STATE", ProtoNames.NodeState[(int)status.StateChange]), ("NODES", nodes),
                    ("MESSAGE", status.Message.Length > 0 ? $"\"{status.Message.Replace("\"", "\\\"", StringComparison.Ordinal)}\"" : "N/A"),
                ]);
                break;
            default:
                var count = status.NodeNames.Count;
                output.Flush();
                error.Write($"{options.Time(response.Time)} [{response.NodeName}]: " + (status.StateChange switch
                {
                    NodeState.NodeConnected => $"Receiving flows from {count} nodes: {nodes}",
                    NodeState.NodeUnavailable => $"{count} nodes are unavailable: {nodes}",
                    NodeState.NodeGone => $"{count} nodes removed from cluster: {nodes}",
                    NodeState.NodeError => $"Error \"{status.Message.Replace("\"", "\\\"", StringComparison.Ordinal)}\" on {count} nodes: {nodes}",
                    _ => $"unknown node status event: {nodes} {status.Message}",
                }) + "\n");
                break;
        }

        error.Flush();
    }

    private string Node(string name) => options.NodeName ? $" [{name}]" : "";

    private (string, string)[] NodeField(string name) => options.NodeName ? [("NODE", name)] : [];

    private void Line(IMessage message) => output.Write(ProtoJson.Of(message) + "\n");
}
