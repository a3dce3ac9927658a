using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Commands.Nodes;

namespace Waggle.Commands.Endpoints;

/// <summary><c>endpoint config ID [PolicyAuditMode=Enabled|Disabled]</c>.</summary>
internal static class EndpointConfigCommand
{
    public static Verb Create(string tool)
    {
        var id = Operand.Required("id", "the endpoint's number");
        var option = Operand.Optional("option", "PolicyAuditMode=Enabled or PolicyAuditMode=Disabled; without: shows what holds");
        return new Verb("config", "Show or change an endpoint's options")
        {
            Operands = [id, option],
            Details = "PolicyAuditMode: what policy would deny the endpoint passes and is reported as audited. Run it on the endpoint's node.",
            Examples = [new($"{tool} endpoint config 1234 PolicyAuditMode=Enabled", "see what a policy would cut, without cutting")],
            Run = async (call, cancellation) =>
            {
                if (!int.TryParse(call.Get(id), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    throw CliException.Usage($"\"{call.Get(id)}\" is no endpoint's number", $"\"{tool} endpoint list\" shows them.");
                }

                if (call.Get(option) is { } text)
                {
                    using var agent = new AgentClient(call.Environment);
                    await agent.PatchAsync($"v1/endpoint/{number}/config", new JsonObject { ["PolicyAuditMode"] = Value(text) }, cancellation).ConfigureAwait(false);
                    call.Terminal.Note($"Endpoint {number} configuration updated successfully");
                    return ExitCode.Ok;
                }

                var row = (await NodeTables.ReadAsync(call.Environment, "endpoints", cancellation).ConfigureAwait(false)).FirstOrDefault(each => each.Number("id") == number)
                    ?? throw new CliException($"there is no endpoint {number} on this node", $"\"{tool} endpoint list\" shows them.");
                call.Terminal.Out.Write($"PolicyAuditMode : {(row.Truth("audit") ? "Enabled" : "Disabled")}\n");
                return ExitCode.Ok;
            },
        };
    }

    private static bool Value(string text) => text.Split('=') switch
    {
        ["PolicyAuditMode", "Enabled" or "enabled" or "true"] => true,
        ["PolicyAuditMode", "Disabled" or "disabled" or "false"] => false,
        _ => throw CliException.Usage($"\"{text}\" is no option", "PolicyAuditMode=Enabled or PolicyAuditMode=Disabled."),
    };
}
