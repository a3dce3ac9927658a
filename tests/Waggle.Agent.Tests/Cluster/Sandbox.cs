using System.Diagnostics;
using Waggle.Linux;

namespace Waggle.Agent.Tests.Cluster;

/// <summary>A process that does nothing but hold namespaces open: a node, a pod or the network between nodes. Everything goes with it.</summary>
internal sealed class Sandbox : IDisposable
{
    private readonly Process _holder;
    private bool _disposed;

    private Sandbox(Process holder)
    {
        _holder = holder;
        Network = NetworkNamespace.OfProcess(holder.Id);
    }

    public NetworkNamespace Network { get; }

    public int Pid => _holder.Id;

    public string NetnsPath => $"/proc/{Pid}/ns/net";

    /// <param name="setup">Shell line run inside before the sandbox counts as ready.</param>
    public static async Task<Sandbox> StartAsync(string setup = "true")
    {
        // The holder ends with its stdin, that is, with this process: a killed test leaves nothing.
        var start = new ProcessStartInfo("unshare", ["--net", "--mount", "sh", "-c", $"{setup} && echo ready && exec cat >/dev/null"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        Process holder = Process.Start(start)!;
        if (await holder.StandardOutput.ReadLineAsync() != "ready")
        {
            throw new InvalidOperationException($"sandbox: {await holder.StandardError.ReadToEndAsync()}");
        }

        return new Sandbox(holder);
    }

    /// <summary>Runs a shell line in the sandbox's namespaces.</summary>
    public async Task<(int Code, string Output)> RunAsync(string line, TimeSpan? limit = null)
    {
        using Process process = Start("sh", ["-c", line + " 2>&1"]);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(30));
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (-1, "timed out: " + await output);
        }

        return (process.ExitCode, await output);
    }

    public Process Start(string program, IReadOnlyList<string> arguments, Action<ProcessStartInfo>? configure = null)
    {
        var start = new ProcessStartInfo("nsenter", [$"--net=/proc/{Pid}/ns/net", $"--mount=/proc/{Pid}/ns/mnt", "--", program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardInput = true };
        configure?.Invoke(start);
        return Process.Start(start)!;
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Network.Dispose();
        _holder.Kill();
        _holder.WaitForExit();
        _holder.Dispose();
    }
}
