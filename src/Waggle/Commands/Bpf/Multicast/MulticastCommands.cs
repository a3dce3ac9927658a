using Waggle.Cli;

namespace Waggle.Commands.Bpf.Multicast;

/// <summary><c>bpf multicast</c>: the groups and members of this node.</summary>
internal static class MulticastCommands
{
    public static Verb Create(string tool) => new("multicast", "Manage multicast groups and subscribers")
    {
        Aliases = ["mcast"],
        Children = () => [Groups(tool), Subscribers(tool)],
    };

    /// <summary>The groups of this node, where they can be read.</summary>
    public static IEnumerable<Candidate> GroupAddresses(CompletionRequest request)
    {
        try
        {
            using var maps = new MulticastMaps(request.Environment);
            return maps.Groups().Select(group => new Candidate(group.ToString())).ToList();
        }
        catch (Exception absent) when (Failures.Explain(absent) is not null)
        {
            return [];
        }
    }

    private static Verb Groups(string tool) => new("group", "Manage the multicast groups")
    {
        Children = () => [GroupListCommand.Create(tool), GroupChangeCommands.Add(tool), GroupChangeCommands.Delete(tool)],
    };

    private static Verb Subscribers(string tool) => new("subscriber", "Manage the multicast subscribers")
    {
        Aliases = ["sub"],
        Children = () => [SubscriberListCommand.Create(tool), SubscriberChangeCommands.Add(tool), SubscriberChangeCommands.Delete(tool)],
    };
}
