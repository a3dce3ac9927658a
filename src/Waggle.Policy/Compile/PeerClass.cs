namespace Waggle.Policy.Compile;

/// <summary>Peers of a table for whom the same holds.</summary>
internal sealed class PeerClass(ushort number, Content content)
{
    public ushort Number => number;

    public Content Content => content;

    /// <summary>How many peers.</summary>
    public int Count { get; set; }

    /// <summary>True when its rows are in the kernel.</summary>
    public bool IsWritten { get; set; }
}

/// <summary>Changes of a table since the last commit.</summary>
internal sealed class TableChanges
{
    public Dictionary<uint, PeerClass> Set { get; } = [];

    public HashSet<uint> Removed { get; } = [];

    public HashSet<PeerClass> Classes { get; } = [];

    public void Clear()
    {
        Set.Clear();
        Removed.Clear();
        Classes.Clear();
    }
}
