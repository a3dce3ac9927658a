using System.Globalization;

namespace Waggle.Hubble.Printing;

/// <summary>The numbers in a flow's event type and the words for them.</summary>
public static class EventTypes
{
    public const int Drop = 1;
    public const int Debug = 2;
    public const int Capture = 3;
    public const int Trace = 4;
    public const int PolicyVerdict = 5;
    public const int Recorder = 6;
    public const int TraceSock = 7;
    public const int L7 = 129;
    public const int Agent = 130;

    private static readonly string[] Points =
    [
        "to-endpoint", "to-proxy", "to-host", "to-stack", "to-overlay", "from-endpoint", "from-proxy", "from-host", "from-stack", "from-overlay", "from-network", "to-network",
        "from-crypto", "to-crypto",
    ];

    private static readonly string[] Matches = ["none", "L3-Only", "L3-L4", "L4-Only", "all", "L3-Proto", "Proto-Only"];

    /// <summary>Kinds of events that flows come from, as typed.</summary>
    public static IReadOnlyList<(string Name, int Number)> Flows { get; } =
        [("capture", Capture), ("drop", Drop), ("l7", L7), ("policy-verdict", PolicyVerdict), ("trace", Trace), ("trace-sock", TraceSock)];

    /// <summary>All kinds of events, as typed.</summary>
    public static IReadOnlyList<(string Name, int Number)> All { get; } = [.. Flows, ("debug", Debug), ("recorder", Recorder), ("agent", Agent)];

    /// <summary>Places of trace events; the index is the number.</summary>
    public static IReadOnlyList<string> TracePoints => Points;

    /// <summary>Agent events as typed; the index is the number in a filter's sub-type.</summary>
    public static IReadOnlyList<string> AgentEvents { get; } =
    [
        "unspecified", "message", "agent-started", "endpoint-regenerate-success", "endpoint-regenerate-failure", "policy-updated", "policy-deleted", "endpoint-created", "endpoint-deleted",
        "ipcache-upserted", "ipcache-deleted", "service-upserted", "service-deleted",
    ];

    public static string TracePoint(int number) => number >= 0 && number < Points.Length ? Points[number] : number.ToString(CultureInfo.InvariantCulture);

    /// <summary>How a policy's rule matched.</summary>
    public static string PolicyMatch(uint number) => number < Matches.Length ? Matches[number] : "unknown";
}
