using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;

namespace Waggle.Commands.Bpf.Multicast;

/// <summary>The subscriber listing, byte for byte as scripts and the labs know it.</summary>
internal static class SubscriberView
{
    public static void Print(Terminal terminal, OutputRequest request, IReadOnlyList<GroupMembers> groups)
    {
        if (request.Structured)
        {
            Documents.Write(terminal.Out, request, new JsonArray([.. groups.Select(group => (JsonNode)group.ToJson())]));
            return;
        }

        var table = new TabWriter(terminal.Out, TableLayout.Sixteen);
        if (!request.NoHeaders)
        {
            table.Row(["Group", "Subscriber", "Type"]);
        }

        foreach (var group in groups)
        {
            if (group.Members.Count == 0)
            {
                table.Row([group.Group.ToString()]);
            }

            // The group stands on its first row only.
            var name = group.Group.ToString();
            foreach (var member in group.Members)
            {
                table.Row([name, member.Address.ToString(), member.Type]);
                name = "";
            }
        }

        table.Flush();
    }
}
