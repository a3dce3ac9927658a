using Waggle.Cli;

namespace Waggle.Commands.Bpf.Multicast;

/// <summary><c>group add</c> and <c>group delete</c>: silent when they succeed.</summary>
internal static class GroupChangeCommands
{
    public static Verb Add(string tool)
    {
        var group = Operand.Required("group", "the group's address");
        return new Verb("add", "Add a multicast group on this node")
        {
            Operands = [group],
            Examples = [new($"{tool} bpf multicast group add 225.0.0.11", "forward this group here; silent when it worked")],
            Run = (call, _) =>
            {
                var address = MulticastAddress.Parse(call.Get(group)!);
                using var maps = new MulticastMaps(call.Environment);
                return maps.AddGroup(address) ? Task.FromResult(ExitCode.Ok) : throw new CliException($"the multicast group {address} exists already");
            },
        };
    }

    public static Verb Delete(string tool)
    {
        var group = Operand.Required("group", "the group's address", MulticastCommands.GroupAddresses);
        return new Verb("delete", "Delete a multicast group on this node")
        {
            Aliases = ["del"],
            Operands = [group],
            Examples = [new($"{tool} bpf multicast group delete 225.0.0.11", "stop forwarding it here")],
            Run = (call, _) =>
            {
                var address = MulticastAddress.Parse(call.Get(group)!);
                using var maps = new MulticastMaps(call.Environment);
                return maps.DeleteGroup(address) ? Task.FromResult(ExitCode.Ok) : throw new CliException($"there is no multicast group {address}", $"\"{tool} bpf multicast group list\" shows them.");
            },
        };
    }
}
