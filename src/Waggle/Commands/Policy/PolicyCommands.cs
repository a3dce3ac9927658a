using Waggle.Cli;
using Waggle.Commands.Policy.Audit;
using Waggle.Policy.Rules;

namespace Waggle.Commands.Policy;

/// <summary><c>policy …</c> of both tools.</summary>
internal static class PolicyCommands
{
    public static Verb Waggle() => new("policy", "See through network policy: what it does, would do and does not do")
    {
        Children = () => [AuditReportCommand.Create("waggle"), DiffCommand.Create(), LintCommand.Create(), ValidateCommand.Create("waggle")],
    };

    public static Verb Cilium(string tool) => new("policy", "Manage and inspect network policy")
    {
        Children = () => [.. PolicyNodeCommands.Create(tool), ValidateCommand.Create(tool), WhyCommand.Create($"{tool} policy", "trace"), .. PolicyChangeCommands.Create(tool)],
    };

    /// <summary>The policies of some files; objects of other kinds are left out.</summary>
    /// <exception cref="CliException">A file cannot be read.</exception>
    public static List<(ParsedPolicy Policy, PolicyDocument Document)> Policies(string[] files) =>
        [.. files.SelectMany(PolicyDocument.Read).Where(d => d.Kind is not null).Select(d => (PolicyParser.Parse(d.Kind!.Value, d.Element), d))];
}
