using Waggle.Cli;
using Waggle.Cli.Output;

namespace Waggle.Commands.Bpf.Multicast;

internal static class SubscriberListCommand
{
    public static Verb Create(string tool)
    {
        var output = new OutputFlags();
        var group = Operand.Required("group", "a group's address, or all", request => MulticastCommands.GroupAddresses(request).Prepend(new Candidate("all", "every group")));
        return new Verb("list", "List the subscribers of a group, or of all")
        {
            Aliases = ["ls"],
            Operands = [group],
            Flags = output.All,
            Examples = [new($"{tool} bpf multicast subscriber list all", "who listens, as this node sees it"), new($"{tool} bpf multicast subscriber list 225.0.0.11 -o json", "one group, for a script")],
            Run = (call, _) =>
            {
                var text = call.Get(group)!;
                var only = text == "all" ? null : MulticastAddress.Parse(text);
                using var maps = new MulticastMaps(call.Environment);
                var rows = maps.Members(only);
                if (only is not null && rows.Count == 0)
                {
                    throw new CliException($"there is no multicast group {only}", $"\"{tool} bpf multicast group list\" shows them.");
                }

                SubscriberView.Print(call.Terminal, output.Read(call), rows);
                return Task.FromResult(ExitCode.Ok);
            },
        };
    }
}
