using System.Net;
using Waggle.Cli;
using Waggle.Datapath.Abi;

namespace Waggle.Commands.Bpf.Multicast;

/// <summary><c>subscriber add</c> and <c>subscriber delete</c>: members made by hand, silent when they succeed.</summary>
internal static class SubscriberChangeCommands
{
    public static Verb Add(string tool) => Change(tool, "add", [], "Add a subscriber to a group", McastControlOp.Join, "send the group's datagrams to that node, too");

    public static Verb Delete(string tool) => Change(tool, "delete", ["del"], "Delete a subscriber from a group", McastControlOp.Leave, "stop sending them there");

    private static Verb Change(string tool, string word, string[] aliases, string purpose, McastControlOp operation, string comment)
    {
        var group = Operand.Required("group", "the group's address", MulticastCommands.GroupAddresses);
        var subscriber = Operand.Required("subscriber", "address of the other node, or of a pod on this one");
        return new Verb(word, purpose)
        {
            Aliases = aliases,
            Details = "A subscriber made by hand stays until it is deleted by hand: it does not age.",
            Operands = [group, subscriber],
            Examples = [new($"{tool} bpf multicast subscriber {word} 225.0.0.11 172.18.0.3", comment)],
            Run = (call, _) =>
            {
                Apply(call, tool, operation, MulticastAddress.Parse(call.Get(group)!), MulticastAddress.ParseUnicast(call.Get(subscriber)!));
                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    private static void Apply(Call call, string tool, McastControlOp operation, IPAddress group, IPAddress subscriber)
    {
        using var maps = new MulticastMaps(call.Environment);
        if (!maps.HasGroup(group))
        {
            throw new CliException($"there is no multicast group {group}", $"Add it: {tool} bpf multicast group add {group}");
        }

        var slot = maps.SlotOf(subscriber) ?? throw new CliException($"{subscriber} is neither another node nor a pod on this one", $"\"{tool} node list\" and \"{tool} bpf endpoint list\" show the addresses.");
        var result = MulticastControl.Run(new NodeMaps(call.Environment), operation, group, slot);
        switch (result)
        {
            case McastControlResult.Done:
            case McastControlResult.Unchanged when operation == McastControlOp.Join:
                return;
            case McastControlResult.Unchanged:
                throw new CliException($"{subscriber} does not subscribe to {group}");
            case McastControlResult.NoGroup:
                throw new CliException($"the multicast group {group} was deleted meanwhile");
            case McastControlResult.Full:
                throw new CliException("the membership table of this node is full", "Delete groups or subscribers that nobody needs.");
            default:
                throw new CliException($"the datapath did not take the change ({result})", "Is the agent of another version? \"cilium version\" tells.");
        }
    }
}
