using System.Globalization;
using Waggle.Datapath.Events;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Commands.Explain;
using Waggle.Commands.Nodes;

namespace Waggle.Commands.Monitor;

/// <summary>One event of the datapath as the agent streams it, one JSON object for each.</summary>
/// <param name="Type"><c>drop</c>, <c>trace</c>, <c>policy-verdict</c>, <c>membership</c>, <c>debug</c> or <c>lost</c>.</param>
/// <param name="Packet">The start of the packet, from the Ethernet header on; empty when there is none.</param>
internal sealed record MonitorEvent(JsonObject Json, string Type, byte[] Packet)
{
    public long Endpoint => Json.Number("endpoint");

    public long SourceIdentity => Json.Number("sourceIdentity");

    public long DestinationIdentity => Json.Number("destinationIdentity");

    public static MonitorEvent From(JsonObject json)
    {
        byte[] packet = [];
        if (json.Text("packet") is { Length: > 0 and < 4096 } text)
        {
            packet = new byte[text.Length];
            packet = Convert.TryFromBase64String(text, packet, out var length) ? packet[..length] : [];
        }

        return new MonitorEvent(json, json.Text("type") ?? "unknown", packet);
    }

    /// <summary>The line for people.</summary>
    public string Line(Palette style) => Type switch
    {
        "drop" => $"{style.Red("xx")} drop ({DropReasons.TextOf((int)Json.Number("reason"))}) endpoint {Endpoint}{Interface()}, file {SourceFiles.NameOf((int)Json.Number("file"))}:{Json.Number("line")}, identity {Identities()}: {Summary()}",
        "trace" => $"{Arrow()} {Place()}{Interface()} identity {Identities()}: {Summary()}",
        "policy-verdict" => Verdict(),
        "membership" => $"{style.Green("**")} {Json.Text("change") ?? "membership"} {Json.Text("group")} endpoint {Endpoint}{(Json.Text("protocol") is { } protocol ? $" ({protocol})" : "")}",
        "debug" => $"{style.Dim("..")} MARK 0x{Json.Number("hash"):x} endpoint {Endpoint}, cpu {Json.Number("cpu"):D2}: {Json.Text("message")}",
        "lost" => $"{style.Yellow("!!")} {Json.Number("count")} events lost: the ring buffer was full",
        _ => Json.ToJsonString(),
    };

    private string Arrow() => (Json.Text("point") ?? "").StartsWith("from", StringComparison.Ordinal) ? "<-" : "->";

    private string Place()
    {
        var point = Json.Text("point") ?? "?";
        var name = point.StartsWith("to-", StringComparison.Ordinal) ? point[3..] : point.StartsWith("from-", StringComparison.Ordinal) ? point[5..] : point;
        return name == "endpoint" ? $"endpoint {Endpoint}" : name;
    }

    private string Interface() => Json.Number("ifindex") is > 0 and var index ? $", ifindex {index.ToString(CultureInfo.InvariantCulture)}" : "";

    private string Identities() => $"{Show(SourceIdentity)}->{Show(DestinationIdentity)}";

    private static string Show(long identity) => identity == 0 ? "unknown" : identity.ToString(CultureInfo.InvariantCulture);

    private string Verdict()
    {
        var rule = Json.Number("rule");
        return $"Policy verdict log: flow 0x0 local EP ID {Endpoint}, remote ID {Show(Json.Number("remoteIdentity"))}, proto {Json.Number("protocol")}, {Json.Text("direction")}, action {Json.Text("action")}, auth: disabled, "
            + $"match {Match()}, {(rule == 0 ? "" : $"rule {rule}, ")}identity {Identities()}: {Summary()}{Trial()}";
    }

    private string Match() => Json.Text("match") switch
    {
        "l3-only" => "L3-Only", "l3-l4" => "L3-L4", "l4-only" => "L4-Only", "all" => "all", "l3-proto" => "L3-Proto", "proto-only" => "Proto-Only", _ => "none",
    };

    private string Trial() => Json.Text("shadowAction") is { } shadow && shadow != Json.Text("action") && Json.Text("action") != "audit" ? $" (with the policies on trial: {shadow})" : "";

    private string Summary() => Json.Text("summary") ?? PacketSummary.Of(Packet);
}
