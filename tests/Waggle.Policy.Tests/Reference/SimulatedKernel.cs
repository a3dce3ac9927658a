using Waggle.Policy.Compile;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Tests.Reference;

/// <summary>The maps of the kernel and its look-up, as <c>bpf/abi/policy.h</c> describes them.</summary>
internal sealed class SimulatedKernel
{
    private readonly Dictionary<(uint Table, uint Identity), PeerValue> _peers = [];
    private readonly Dictionary<(uint Table, PortKey Key), Verdict> _ports = [];
    private readonly Dictionary<uint, SubjectRow> _subjects = [];

    public int Peers => _peers.Count;

    public int Ports => _ports.Count;

    /// <summary>Carries out a change; <paramref name="between"/> is called after each step that a packet could see.</summary>
    public void Apply(ChangeSet change, Action? between = null)
    {
        foreach (TableImage image in change.NewTables)
        {
            Assert.DoesNotContain(_peers.Keys, k => k.Table == image.Table);
            Add(image.Table, image.Ports, image.Peers);
        }

        foreach (TableDelta delta in change.Deltas)
        {
            Assert.All(delta.AddPorts, p => Assert.False(_ports.ContainsKey((delta.Table, p.Key)), "a row of a class in use is overwritten"));
            Add(delta.Table, delta.AddPorts, []);
            between?.Invoke();
            Add(delta.Table, [], delta.SetPeers);
            between?.Invoke();
            foreach (uint identity in delta.RemovePeers)
            {
                _peers.Remove((delta.Table, identity));
            }

            between?.Invoke();
            foreach (PortKey key in delta.RemovePorts)
            {
                Assert.True(_ports.Remove((delta.Table, key)));
            }

            between?.Invoke();
        }

        foreach (SubjectRow row in change.Subjects)
        {
            _subjects[row.Subject] = row;
            between?.Invoke();
        }

        foreach (uint subject in change.RemovedSubjects)
        {
            _subjects.Remove(subject);
        }

        foreach (TableImage image in change.RemovedTables)
        {
            foreach (PortRow row in image.Ports)
            {
                _ports.Remove((image.Table, row.Key));
            }

            foreach (PeerRow row in image.Peers)
            {
                _peers.Remove((image.Table, row.Identity));
            }

            // Nothing of it may be left: rows that nobody removes fill the maps.
            Assert.DoesNotContain(_peers.Keys, k => k.Table == image.Table);
            Assert.DoesNotContain(_ports.Keys, k => k.Table == image.Table);
        }

        between?.Invoke();
    }

    public Verdict Evaluate(uint subject, Direction direction, uint identity, byte protocol, ushort port)
    {
        if (!_subjects.TryGetValue(subject, out SubjectRow? row))
        {
            return SubjectSide.Off.Other.Verdict;
        }

        SubjectSide side = direction == Direction.Ingress ? row.Ingress : row.Egress;
        if (!side.IsOn)
        {
            return SubjectSide.Off.Other.Verdict;
        }

        PeerValue peer = _peers.TryGetValue((side.Table, identity), out PeerValue found) ? found : side.Other;
        int bit = protocol switch { 6 => 24, 17 => 25, 132 => 26, 1 => 27, 58 => 28, _ => 29 };
        if ((peer.Prefixes & (1u << bit)) != 0)
        {
            for (int length = 16; length >= 0; length--)
            {
                ushort masked = (ushort)(length == 0 ? 0 : port & (0xffff << (16 - length)));
                if ((peer.Prefixes & (1u << length)) != 0 && _ports.TryGetValue((side.Table, new PortKey(peer.Class, protocol, (byte)length, masked)), out Verdict verdict))
                {
                    return verdict;
                }
            }
        }

        return peer.Verdict;
    }

    /// <summary>The rows of a table, in a form that compares.</summary>
    public (HashSet<PeerRow> Peers, HashSet<PortRow> Ports) Table(uint table) =>
        ([.. _peers.Where(p => p.Key.Table == table).Select(p => new PeerRow(p.Key.Identity, p.Value))], [.. _ports.Where(p => p.Key.Table == table).Select(p => new PortRow(p.Key.Key, p.Value))]);

    private void Add(uint table, IReadOnlyList<PortRow> ports, IReadOnlyList<PeerRow> peers)
    {
        foreach (PortRow row in ports)
        {
            _ports[(table, row.Key)] = row.Verdict;
        }

        foreach (PeerRow row in peers)
        {
            _peers[(table, row.Identity)] = row.Value;
        }
    }
}
