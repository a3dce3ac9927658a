namespace Waggle.Policy.Compile;

/// <summary>Which selectors of a table match a peer, and what its port names mean: peers of one signature are alike.</summary>
/// <param name="selectors">Numbers of the selectors in the table, sorted.</param>
/// <param name="ports">Number of the meaning of port names; -1 for none.</param>
internal readonly struct Signature(int[] selectors, int ports) : IEquatable<Signature>
{
    public static Signature Nothing { get; } = new([], -1);

    public int[] Selectors { get; } = selectors;

    public int Ports { get; } = ports;

    public bool IsNothing => Selectors.Length == 0 && Ports < 0;

    public bool Equals(Signature other) => Ports == other.Ports && Selectors.AsSpan().SequenceEqual(other.Selectors);

    public override bool Equals(object? obj) => obj is Signature other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Ports);
        foreach (int selector in Selectors)
        {
            hash.Add(selector);
        }

        return hash.ToHashCode();
    }
}
