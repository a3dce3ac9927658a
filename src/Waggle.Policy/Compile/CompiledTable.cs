using System.Runtime.InteropServices;
using Waggle.Policy.Identities;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Compile;

/// <summary>
/// The policy of one direction for all subjects to which the same rules apply. Its sections never change; peers come and go in place.
/// </summary>
/// <remarks>
/// A peer's signature leads to a node, the node to a class: nodes whose contents are equal share one. A peer whose content is that of
/// everybody else has no row. Rows per peer are not kept here: they follow from the signature.
/// </remarks>
internal sealed class CompiledTable
{
    private readonly OriginTable _origins;
    private readonly ContentCompiler _compiler;
    private readonly Dictionary<PeerSelector, int> _selectors = [];
    private readonly List<ResolvedSection[]> _sectionsOf = [];
    private readonly ResolvedSection[] _general;
    private readonly NamedPort[] _subjectPorts;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _meanings = new(StringComparer.Ordinal);
    private readonly List<NamedPort[]> _meaningList = [];
    private readonly Dictionary<Signature, Node> _nodes = [];
    private readonly Dictionary<Content, PeerClass> _classes = [];
    private readonly Stack<ushort> _freeClasses = [];
    private readonly TableChanges _changes = new();
    private ushort _nextClass = 1;

    public CompiledTable(uint number, Direction direction, TableSource source, OriginTable origins, Defaults defaults)
    {
        Number = number;
        Direction = direction;
        Source = source;
        _origins = origins;
        Defaults = defaults;
        _compiler = new ContentCompiler(origins, direction, defaults);
        _subjectPorts = direction == Direction.Ingress ? source.SubjectPorts : [];
        _general = [.. source.Sections.Where(s => s.IsForAll)];
        foreach (PeerSelector selector in source.Sections.SelectMany(s => s.Peers).Distinct())
        {
            _selectors.Add(selector, _selectors.Count);
        }

        var sections = new List<ResolvedSection>[_selectors.Count];
        foreach (ResolvedSection section in source.Sections)
        {
            foreach (PeerSelector selector in section.Peers)
            {
                (sections[_selectors[selector]] ??= []).Add(section);
            }
        }

        _sectionsOf.AddRange(sections.Select(s => s.ToArray()));
        if (direction == Direction.Egress)
        {
            _names.UnionWith(source.Sections.SelectMany(s => s.Ports ?? []).Select(p => p.Name).OfType<string>());
        }

        Content other = _compiler.Compile([], _general, _subjectPorts);
        Other = new PeerClass(0, other) { Count = 1 };
        _classes.Add(other, Other);
        Ports = other.Rows.Length;
    }

    public uint Number { get; }

    public Direction Direction { get; }

    public TableSource Source { get; }

    public Defaults Defaults { get; }

    /// <summary>The class of peers without a row.</summary>
    public PeerClass Other { get; }

    /// <summary>Rows of peers.</summary>
    public long Peers { get; private set; }

    /// <summary>Rows of ports.</summary>
    public long Ports { get; private set; }

    public int Classes => _classes.Count;

    public bool UsesNamesOfPeers => _names.Count > 0;

    public IReadOnlyCollection<PeerSelector> Selectors => _selectors.Keys;

    /// <summary>The subjects that use it.</summary>
    public HashSet<uint> Subjects { get; } = [];

    /// <summary>Peers for whose rows there was no room. While one of them might thereby be allowed more, strangers are refused altogether.</summary>
    public HashSet<uint> Unfit { get; } = [];

    public bool IsClosedToStrangers => Unfit.Count > 0 && Other.Content.MayAllow;

    /// <summary>What a packet of this peer meets.</summary>
    public Content ContentOf(IReadOnlyList<PeerSelector> matching, IdentityInfo? peer)
    {
        Signature signature = peer is null ? Signature.Nothing : SignatureOf(matching, peer);
        return !_nodes.TryGetValue(signature, out Node? node) || (peer is not null && Unfit.Contains(peer.Id)) ? Other.Content : node.Class.Content;
    }

    /// <summary>The sections that speak about this peer, those for everybody included.</summary>
    public IEnumerable<ResolvedSection> SectionsAbout(IReadOnlyCollection<PeerSelector> matching) =>
        Source.Sections.Where(s => s.IsForAll || Array.Exists(s.Peers, matching.Contains));

    /// <summary>Fills an empty table with all identities. False: there are more classes than numbers.</summary>
    public bool Build(IdentityStore identities)
    {
        foreach ((_, Signature signature) in Signatures(identities))
        {
            if (NodeOf(signature) is not { } node)
            {
                return false;
            }

            node.Count++;
            node.Class.Count++;
            if (node.Class != Other)
            {
                Peers++;
            }
        }

        _changes.Clear();
        return true;
    }

    /// <summary>An identity appeared, changed or went (<paramref name="after"/> null). <paramref name="mayChange"/> is set when an allowed connection might not be any more.</summary>
    public void Move(
        IdentityInfo? before, IReadOnlyList<PeerSelector> matchingBefore, IdentityInfo? after, IReadOnlyList<PeerSelector> matchingAfter,
        Capacity capacity, ref bool mayChange)
    {
        Signature from = before is null ? Signature.Nothing : SignatureOf(matchingBefore, before);
        Signature to = after is null ? Signature.Nothing : SignatureOf(matchingAfter, after);
        uint id = (after ?? before)!.Id;
        bool wasUnfit = Unfit.Remove(id);
        if (from.Equals(to) && !wasUnfit)
        {
            return;
        }

        long portsBefore = Ports;
        Node? old = from.IsNothing || wasUnfit ? null : _nodes[from];
        Node? now = to.IsNothing ? null : NodeOf(to);
        PeerClass classBefore = old?.Class ?? Other, classNow = now?.Class ?? Other;
        bool needsRow = classNow != Other, hasRow = classBefore != Other;
        if (!to.IsNothing && (now is null || (needsRow && !capacity.Fits(hasRow ? 0 : 1, Ports - portsBefore))))
        {
            if (now?.Count == 0)
            {
                _nodes.Remove(to);
            }

            Unfit.Add(id);
            now = null;
            classNow = Other;
            needsRow = false;
        }

        if (now is not null)
        {
            now.Count++;
            now.Class.Count++;
        }

        if (old is not null)
        {
            Leave(from, old);
        }

        if (classBefore != classNow)
        {
            if (needsRow)
            {
                _changes.Set[id] = classNow;
                _changes.Removed.Remove(id);
            }
            else
            {
                _changes.Set.Remove(id);
                _changes.Removed.Add(id);
            }

            // What was refused has left nothing behind; what was allowed may have connections.
            mayChange |= classBefore.Content.MayAllow;
        }

        long row = (needsRow ? 1 : 0) - (hasRow ? 1 : 0);
        Peers += row;
        capacity.Peers += row;
        capacity.Ports += Ports - portsBefore;
    }

    /// <summary>What has changed since the last call; null for nothing.</summary>
    public TableDelta? TakeChanges(Capacity capacity)
    {
        var add = new List<PortRow>();
        var remove = new List<PortKey>();
        var resting = new List<ushort>();
        foreach (PeerClass @class in _changes.Classes)
        {
            if (@class.Count > 0)
            {
                if (!@class.IsWritten)
                {
                    add.AddRange(@class.Content.ToPorts(@class.Number));
                    @class.IsWritten = true;
                }

                continue;
            }

            _classes.Remove(@class.Content);
            Release(@class.Content);
            Ports -= @class.Content.Rows.Length;
            capacity.Ports -= @class.Content.Rows.Length;
            if (@class.IsWritten)
            {
                remove.AddRange(@class.Content.ToPorts(@class.Number).Select(p => p.Key));
            }

            // Rows of a number that is used again must not meet peers of its former class: not before these changes are carried out.
            resting.Add(@class.Number);
        }

        PeerRow[] set = [.. _changes.Set.Select(s => new PeerRow(s.Key, s.Value.Content.ToPeer(s.Value.Number)))];
        uint[] removed = [.. _changes.Removed];
        _changes.Clear();
        foreach (ushort number in resting)
        {
            _freeClasses.Push(number);
        }

        return add.Count + set.Length + removed.Length + remove.Count == 0 ? null : new TableDelta(Number, add, set, removed, remove);
    }

    /// <summary>Marks all classes as written: the image is on its way.</summary>
    public TableImage Image(IdentityStore identities)
    {
        var ports = new List<PortRow>();
        foreach (PeerClass @class in _classes.Values)
        {
            ports.AddRange(@class.Content.ToPorts(@class.Number));
            @class.IsWritten = true;
        }

        var peers = new List<PeerRow>();
        foreach ((IdentityInfo info, Signature signature) in Signatures(identities))
        {
            if (!Unfit.Contains(info.Id) && _nodes.TryGetValue(signature, out Node? node) && node.Class != Other)
            {
                peers.Add(new PeerRow(info.Id, node.Class.Content.ToPeer(node.Class.Number)));
            }
        }

        return new TableImage(Number, ports, peers);
    }

    /// <summary>Gives back all rule numbers.</summary>
    public void ReleaseAll()
    {
        foreach (PeerClass @class in _classes.Values)
        {
            Release(@class.Content);
        }

        _origins.Release(Defaults.Rule);
        _origins.Release(Defaults.ShadowRule);
    }

    public PeerValue OtherValue => IsClosedToStrangers ? SubjectSide.Closed.Other : Other.Content.ToPeer(0);

    private void Release(Content content)
    {
        foreach (uint rule in content.Rules)
        {
            _origins.Release(rule);
        }
    }

    private Signature SignatureOf(IReadOnlyList<PeerSelector> matching, IdentityInfo peer)
    {
        var numbers = new List<int>(matching.Count);
        foreach (PeerSelector selector in matching)
        {
            if (_selectors.TryGetValue(selector, out int number))
            {
                numbers.Add(number);
            }
        }

        int ports = MeaningOf(peer);
        if (numbers.Count == 0 && ports < 0)
        {
            return Signature.Nothing;
        }

        numbers.Sort();
        return new Signature([.. numbers], ports);
    }

    private int MeaningOf(IdentityInfo peer)
    {
        if (_names.Count == 0 || peer.Ports.Length == 0)
        {
            return -1;
        }

        NamedPort[] used = [.. peer.Ports.Where(p => _names.Contains(p.Name))];
        if (used.Length == 0)
        {
            return -1;
        }

        ref int meaning = ref CollectionsMarshal.GetValueRefOrAddDefault(_meanings, string.Join(',', used), out bool known);
        if (!known)
        {
            meaning = _meaningList.Count;
            _meaningList.Add(used);
        }

        return meaning;
    }

    private IEnumerable<(IdentityInfo Info, Signature Signature)> Signatures(IdentityStore identities) =>
        SignatureWalk.All(_selectors, identities, _names.Count == 0 ? null : MeaningOf);

    /// <summary>Null when there is no number for another class.</summary>
    private Node? NodeOf(Signature signature)
    {
        if (_nodes.TryGetValue(signature, out Node? node))
        {
            return node;
        }

        ResolvedSection[] specific = [.. signature.Selectors.SelectMany(s => _sectionsOf[s]).Distinct()];
        NamedPort[] names = Direction == Direction.Ingress ? _subjectPorts : signature.Ports < 0 ? [] : _meaningList[signature.Ports];
        if (ClassOf(_compiler.Compile(specific, _general, names)) is not { } @class)
        {
            return null;
        }

        node = new Node(@class);
        _nodes.Add(signature, node);
        return node;
    }

    private PeerClass? ClassOf(Content content)
    {
        if (_classes.TryGetValue(content, out PeerClass? @class))
        {
            Release(content);
            return @class;
        }

        if (!_freeClasses.TryPop(out ushort number))
        {
            if (_nextClass == ushort.MaxValue)
            {
                Release(content);
                return null;
            }

            number = _nextClass++;
        }

        @class = new PeerClass(number, content);
        _classes.Add(content, @class);
        _changes.Classes.Add(@class);
        Ports += content.Rows.Length;
        return @class;
    }

    private void Leave(Signature signature, Node node)
    {
        node.Class.Count--;
        if (node.Class.Count == 0)
        {
            _changes.Classes.Add(node.Class);
        }

        if (--node.Count == 0)
        {
            _nodes.Remove(signature);
        }
    }

    /// <summary>Peers of one signature.</summary>
    private sealed class Node(PeerClass @class)
    {
        public PeerClass Class => @class;

        public int Count { get; set; }
    }
}
