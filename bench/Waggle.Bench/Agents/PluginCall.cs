using System.Diagnostics;
using System.Globalization;
using Waggle.Linux;

namespace Waggle.Bench.Agents;

/// <summary>Calls of one CNI plugin as a container runtime makes them: a process for each, by the CNI specification 1.0.</summary>
/// <param name="name">Whose plugin, for figures and errors.</param>
/// <param name="program">The plugin.</param>
/// <param name="network">The node's network namespace.</param>
/// <param name="configuration">What it reads on standard input.</param>
/// <param name="environment">Variables beside <c>CNI_*</c>.</param>
internal sealed class PluginCall(string name, string program, NetworkNamespace network, string configuration, IReadOnlyDictionary<string, string> environment)
{
    internal string Name => name;

    /// <summary>Attaches a pod; the time from starting the process to its end.</summary>
    internal Task<TimeSpan> AddAsync(NetworkNamespace pod, string container, string arguments, CancellationToken cancellation) => RunAsync("ADD", pod, container, arguments, cancellation);

    internal Task<TimeSpan> DeleteAsync(NetworkNamespace pod, string container, string arguments, CancellationToken cancellation) => RunAsync("DEL", pod, container, arguments, cancellation);

    private async Task<TimeSpan> RunAsync(string command, NetworkNamespace pod, string container, string arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["CNI_COMMAND"] = command;
        start.Environment["CNI_CONTAINERID"] = container;
        start.Environment["CNI_IFNAME"] = "eth0";
        start.Environment["CNI_NETNS"] = string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{pod.Descriptor.Number}");
        start.Environment["CNI_ARGS"] = arguments;
        start.Environment["CNI_PATH"] = Path.GetDirectoryName(program);
        foreach (var (key, value) in environment)
        {
            start.Environment[key] = value;
        }

        var clock = Stopwatch.StartNew();
        using var process = network.Run(() => Process.Start(start)!);
        await process.StandardInput.WriteAsync(configuration.AsMemory(), cancellation).ConfigureAwait(false);
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync(cancellation).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        return process.ExitCode == 0 ? clock.Elapsed
            : throw new InvalidOperationException($"{name}: {command}: {output}{await process.StandardError.ReadToEndAsync(cancellation).ConfigureAwait(false)}");
    }
}
