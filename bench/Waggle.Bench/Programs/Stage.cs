namespace Waggle.Bench.Programs;

/// <summary>Where <c>stages.bpf.c</c> can stop: its enum stage, in the order in which a packet passes them.</summary>
internal enum Stage : uint
{
    None,
    Enter,
    Sender,
    Parse,
    SourceCheck,
    Count,
    RemoteLookup,
    LocalLookup,
}

/// <summary>The stages of a path, as the report names them.</summary>
internal static class Stages
{
    private static readonly (Stage End, string Text)[] Common =
    [
        (Stage.Enter, "entry and exit of the program"), (Stage.Sender, "who sends (endpoints_by_ifindex)"), (Stage.Parse, "parse the IP header"),
        (Stage.SourceCheck, "source and multicast checks"), (Stage.Count, "count"),
    ];

    /// <summary>To a pod of the same node.</summary>
    internal static IReadOnlyList<(Stage End, string Text)> ToLocalPod { get; } =
        [.. Common, (Stage.LocalLookup, "which local pod (endpoints)"), (Stage.None, "TTL, MACs, count, redirect to the peer")];

    /// <summary>To a pod of another node, through the tunnel.</summary>
    internal static IReadOnlyList<(Stage End, string Text)> ToOverlay { get; } =
        [.. Common, (Stage.RemoteLookup, "where is it (ipcache)"), (Stage.None, "path MTU, TTL, tunnel key, redirect")];
}
