using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Status;

namespace Waggle.Tests.Commands;

/// <summary>The agent's status as text.</summary>
public sealed class AgentStatusTests
{
    [Theory]
    [InlineData("""{"enabled":false,"state":"Disabled"}""", "Disabled")]
    [InlineData("""{"enabled":true,"state":"Ok","message":"","flows":4095,"maxFlows":4095,"flowsPerSecond":12.34,"metrics":"Ok","streams":0,"lost":0,"missed":0,"lostByConsumer":{"metrics":0}}""",
        "Ok   Current/Max Flows: 4095/4095 (100.00%), Flows/s: 12.34   Metrics: Ok")]
    [InlineData("""{"state":"Ok","message":"","flows":0,"maxFlows":4095,"flowsPerSecond":0,"metrics":"Disabled"}""", "Ok   Current/Max Flows: 0/4095 (0.00%), Flows/s: 0.00   Metrics: Disabled")]
    [InlineData("""{"state":"Degraded","message":":4244: in use","flows":1,"maxFlows":3,"flowsPerSecond":0.5,"metrics":"Ok","lost":18446744073709551615,"missed":1000000,"lostByConsumer":{"metrics":7,"drop-events":0}}""",
        "Degraded :4244: in use   Current/Max Flows: 1/3 (33.33%), Flows/s: 0.50   Metrics: Ok   Lost: 18446744073709551615 in the kernel, 1000000 by slow clients, 7 by metrics")]
    [InlineData("""{"enabled":true,"text":"Ok"}""", "enabled true, text Ok")]
    public void Print_Hubble_IsTheKnownLine(string hubble, string line)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, TextWriter.Null, false, false);
        AgentStatus.Print(terminal, new OutputRequest(OutputFormat.Table), JsonNode.Parse($$"""{"node":"n","hubble":{{hubble}},"tables":{"nodes":3} }""")!, verbose: false);
        Assert.Equal($"Node:     n\nHubble:   {line}\nTables:   nodes 3\n", output.ToString());
    }
}
