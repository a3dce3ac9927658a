using Waggle.Agent.Datapath;
using Waggle.Bpf;
using Waggle.Datapath.Abi;

namespace Waggle.Agent.Multicast;

/// <summary>Groups that somebody made by hand on this node: rows of the map without the agent's mark.</summary>
internal sealed class ManualGroups(DatapathState datapath)
{
    public IReadOnlySet<GroupKey> Read()
    {
        try
        {
            return datapath.Maps.McastGroups.Entries().Where(e => (e.Value.Flags & (uint)GroupFlags.Managed) == 0).Select(e => GroupKey.Of(e.Key.Group)).ToHashSet();
        }
        catch (BpfException)
        {
            return new HashSet<GroupKey>();
        }
    }
}
