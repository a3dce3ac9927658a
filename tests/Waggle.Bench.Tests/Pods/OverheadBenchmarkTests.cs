using System.Text.Json.Nodes;
using Waggle.Bench.Network;
using Waggle.Bench.Pods;

namespace Waggle.Bench.Tests.Pods;

/// <summary>What is measured has the rules that the report says.</summary>
public sealed class OverheadBenchmarkTests
{
    [Theory]
    [InlineData("ingress")]
    [InlineData("egress")]
    public void Policy_EachDirection_HasRulesOfAsManyPortsAndTheServers(string direction)
    {
        string[] ports = [.. ((JsonArray)OverheadBenchmark.Policy()["spec"]![direction]!).Select(rule => (string)rule!["toPorts"]![0]!["ports"]![0]!["port"]!)];
        Assert.Equal(500, ports.Distinct().Count());
        Assert.Equal(ports.Length, ports.Distinct().Count());
        Assert.Contains(TrafficFigures.Port, ports);
    }
}
