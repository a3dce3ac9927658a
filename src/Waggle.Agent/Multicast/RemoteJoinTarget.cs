using System.Globalization;
using System.Net;
using Waggle.Agent.Config;
using Waggle.Datapath.Abi;
using Waggle.State.Reconciling;
using Waggle.State.Tables;

namespace Waggle.Agent.Multicast;

/// <summary>Table <c>multicast-remote</c> → members of kind "other node" in the datapath.</summary>
/// <remarks>
/// Which of these members are the agent's own is written down (<c>multicast-remote.list</c>, one <c>group slot</c> per line), because
/// the datapath holds members made by hand, too, and those are not the agent's to remove.
/// </remarks>
internal sealed class RemoteJoinTarget : IReconcilerTarget<RemoteJoinRow>
{
    private readonly MembershipControl _memberships;
    private readonly MemberSource _members;
    private readonly string _file;
    private readonly HashSet<(string Group, uint Slot)> _own = [];

    public RemoteJoinTarget(MembershipControl memberships, MemberSource members, ConfigState config)
    {
        (_memberships, _members) = (memberships, members);
        _file = Path.Combine(config.Current["state-dir"], "state", "multicast-remote.list");
        foreach (string line in File.Exists(_file) ? File.ReadAllLines(_file) : [])
        {
            string[] parts = line.Split(' ');
            if (parts.Length == 2 && IPAddress.TryParse(parts[0], out _) && uint.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out uint slot))
            {
                _own.Add((parts[0], slot));
            }
        }
    }

    public ValueTask UpdateAsync(Snapshot snapshot, RemoteJoinRow row, CancellationToken cancellation)
    {
        if (_own.Add((row.GroupText, (uint)row.Slot)))
        {
            Save();
        }

        IPAddress group = IPAddress.Parse(row.GroupText);
        McastControlResult result = _memberships.Join(group, (uint)row.Slot, [.. row.Sources.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPAddress.Parse)]);
        _members.Look(Address.From(group), (uint)row.Slot);
        return result is McastControlResult.Done or McastControlResult.Unchanged
            ? ValueTask.CompletedTask
            : throw new InvalidOperationException(result switch
            {
                McastControlResult.NoGroup => $"group {row.GroupText} is not in the datapath yet",
                McastControlResult.Full => $"node {row.Node} cannot become a member of {row.GroupText}: the datapath's membership map is full",
                _ => $"node {row.Node} cannot become a member of {row.GroupText}: {result}",
            });
    }

    public ValueTask DeleteAsync(Snapshot snapshot, RemoteJoinRow row, CancellationToken cancellation)
    {
        Remove(row.GroupText, (uint)row.Slot);
        return ValueTask.CompletedTask;
    }

    public ValueTask PruneAsync(Snapshot snapshot, IReadOnlyCollection<RemoteJoinRow> desired, CancellationToken cancellation)
    {
        HashSet<(string, uint)> wanted = [.. desired.Select(r => (r.GroupText, (uint)r.Slot))];
        foreach ((string group, uint slot) in _own.Where(o => !wanted.Contains(o)).ToArray())
        {
            Remove(group, slot);
        }

        return ValueTask.CompletedTask;
    }

    private void Remove(string text, uint slot)
    {
        Address group = Address.From(IPAddress.Parse(text));
        _memberships.Leave(group, slot);
        _members.Look(group, slot);
        if (_own.Remove((text, slot)))
        {
            Save();
        }
    }

    private void Save()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_file)!);
        File.WriteAllLines(_file + ".new", _own.Select(o => $"{o.Group} {o.Slot}"));
        File.Move(_file + ".new", _file, overwrite: true);
    }
}
