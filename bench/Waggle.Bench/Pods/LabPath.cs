using System.Globalization;
using Waggle.Bench.Lab;
using Waggle.Bench.Network;

namespace Waggle.Bench.Pods;

/// <summary>From one pod of a lab to another.</summary>
internal sealed class LabPath(string name, BenchLab lab, string client, string address) : ITrafficPath
{
    internal const string Program = BenchLab.Programs + "/waggle-load";

    public string Name { get; } = name;

    public async Task<double> LoadAsync(string[] arguments, CancellationToken cancellation)
    {
        var output = await lab.ExecAsync(client, [Program, arguments[0], address, TrafficFigures.Port, .. arguments[1..]], cancellation).ConfigureAwait(false);
        return double.Parse(output, CultureInfo.InvariantCulture);
    }

    /// <summary>Runs traffic in slots and returns what the generator printed.</summary>
    internal Task<string> SlotsAsync(SlotTraffic traffic, string[] plan, CancellationToken cancellation) => lab.ExecAsync(
        client, [Program, "slots", traffic.Mode, address, TrafficFigures.Port, .. plan, traffic.Connections.ToString(CultureInfo.InvariantCulture)], cancellation);

    /// <summary>The pods end with the lab.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
