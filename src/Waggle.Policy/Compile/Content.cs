namespace Waggle.Policy.Compile;

/// <summary>What holds for the peers of a class: a verdict, and rows for the ports that differ. Equal contents are one class.</summary>
internal sealed class Content : IEquatable<Content>
{
    private readonly int _hash;

    public Content(Verdict verdict, ContentRow[] rows, uint[] rules)
    {
        Verdict = verdict;
        Rows = rows;
        Rules = rules;
        var hash = new HashCode();
        hash.Add(verdict);
        foreach (ContentRow row in rows)
        {
            hash.Add(row);
            Prefixes |= 1u << row.PrefixLength | 1u << Bit(row.Protocol);
            MayAllow |= row.Verdict.Decision.IsAllowed;
        }

        MayAllow |= verdict.Decision.IsAllowed;
        _hash = hash.ToHashCode();
    }

    /// <summary>For traffic that no row matches.</summary>
    public Verdict Verdict { get; }

    /// <summary>Sorted by protocol, length and port.</summary>
    public ContentRow[] Rows { get; }

    /// <summary>As in <see cref="PeerValue.Prefixes"/>.</summary>
    public uint Prefixes { get; }

    /// <summary>The rule numbers it names, each once.</summary>
    public uint[] Rules { get; }

    /// <summary>False when it denies whatever comes.</summary>
    public bool MayAllow { get; }

    public PeerValue ToPeer(ushort @class) => new(Verdict, Prefixes, @class);

    public IEnumerable<PortRow> ToPorts(ushort @class) => Rows.Select(r => new PortRow(new PortKey(@class, r.Protocol, r.PrefixLength, r.Port), r.Verdict));

    /// <summary>The verdict, found as the kernel finds it: the longest prefix that is there.</summary>
    public Verdict Evaluate(byte protocol, ushort port)
    {
        if ((Prefixes & 1u << Bit(protocol)) == 0)
        {
            return Verdict;
        }

        for (int length = 16; length >= 0; length--)
        {
            if ((Prefixes & 1u << length) != 0 && Find(protocol, (byte)length, (ushort)(length == 0 ? 0 : port >> (16 - length) << (16 - length))) is { } found)
            {
                return found;
            }
        }

        return Verdict;
    }

    public static int Bit(byte protocol) => protocol switch
    {
        6 => ProtocolBits.Tcp,
        17 => ProtocolBits.Udp,
        132 => ProtocolBits.Sctp,
        1 => ProtocolBits.Icmp,
        58 => ProtocolBits.IcmpV6,
        _ => ProtocolBits.Other,
    };

    public bool Equals(Content? other) => other is not null && _hash == other._hash && Verdict == other.Verdict && Rows.AsSpan().SequenceEqual(other.Rows);

    public override bool Equals(object? obj) => Equals(obj as Content);

    public override int GetHashCode() => _hash;

    public static int Order(ContentRow a, ContentRow b)
    {
        int byProtocol = a.Protocol.CompareTo(b.Protocol);
        int byLength = byProtocol != 0 ? byProtocol : a.PrefixLength.CompareTo(b.PrefixLength);
        return byLength != 0 ? byLength : a.Port.CompareTo(b.Port);
    }

    private Verdict? Find(byte protocol, byte length, ushort port)
    {
        var wanted = new ContentRow(protocol, length, port, default);
        int low = 0, high = Rows.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Order(Rows[middle], wanted) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low < Rows.Length && Order(Rows[low], wanted) == 0 ? Rows[low].Verdict : null;
    }
}
