using Waggle.Cli;
using Waggle.Lab.Cluster;

namespace Waggle.Commands.Lab;

/// <summary>The flags that say what a lab is to look like.</summary>
internal sealed class LabShapeFlags
{
    private const string Heading = "Shape of the lab";

    public Flag<string> Name { get; } = LabCommands.NameFlag();

    public Flag<int> Nodes { get; } = new("--nodes", $"nodes, the control plane included (1 to {LabOptions.MaxNodes})") { Group = Heading, HelpName = "N", Default = 3 };

    public Flag<bool> IPv6 { get; } = new("--ipv6", "IPv6 only") { Group = Heading };

    public Flag<bool> DualStack { get; } = new("--dual-stack", "IPv4 and IPv6") { Group = Heading };

    public Flag<string> Routing { get; } = new("--routing", "how pods' packets travel between nodes: tunnel or native") { Group = Heading, HelpName = "MODE", Default = "tunnel", Values = _ => ["tunnel", "native"] };

    public Flag<string> Zones { get; } = new("--zones", "zones, dealt to the nodes in turn, separated by commas") { Group = Heading, HelpName = "A,B", Default = "" };

    public IReadOnlyList<IFlag> All => [Name, Nodes, IPv6, DualStack, Routing, Zones];

    public LabOptions Read(Call call)
    {
        if (call.Get(IPv6) && call.Get(DualStack))
        {
            throw CliException.Usage("--ipv6 and --dual-stack exclude each other");
        }

        var options = new LabOptions
        {
            Name = call.Get(Name)!,
            Nodes = call.Get(Nodes),
            Families = call.Get(IPv6) ? LabFamilies.IPv6 : call.Get(DualStack) ? LabFamilies.DualStack : LabFamilies.IPv4,
            Routing = call.Get(Routing) switch
            {
                "tunnel" => LabRouting.Tunnel,
                "native" => LabRouting.Native,
                var other => throw CliException.Usage($"--routing cannot be \"{other}\"", $"Did you mean \"{Suggestions.Nearest(other!, ["tunnel", "native"])}\"?"),
            },
            Zones = call.Get(Zones)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        };
        try
        {
            options.Validate();
        }
        catch (LabException wrong)
        {
            throw CliException.Usage(wrong.Message.TrimEnd('.'));
        }

        return options;
    }
}
