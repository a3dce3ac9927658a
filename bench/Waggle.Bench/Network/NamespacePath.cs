using System.Diagnostics;
using System.Globalization;
using System.Net;
using Waggle.Linux;

namespace Waggle.Bench.Network;

/// <summary>A path between two network namespaces that a baseline made; owns them and everything in them.</summary>
public sealed class NamespacePath : ITrafficPath
{
    private readonly NetworkNamespace _sender;
    private readonly IPAddress _address;
    private readonly string _program;
    private readonly IReadOnlyList<IDisposable> _owned;
    private readonly PodCgroups _cgroups;
    private readonly Process _server;

    private NamespacePath(string name, NetworkNamespace sender, IPAddress address, string program, PodCgroups cgroups, Process server, IReadOnlyList<IDisposable> owned) =>
        (Name, _sender, _address, _program, _cgroups, _server, _owned) = (name, sender, address, program, cgroups, server, owned);

    public string Name { get; }

    /// <summary>Starts the receiver and takes over the namespaces.</summary>
    public static async Task<NamespacePath> StartAsync(
        string name, NetworkNamespace sender, NetworkNamespace receiver, IPAddress address, string program, IReadOnlyList<IDisposable> owned)
    {
        var cgroups = new PodCgroups();
        var server = Start(receiver, cgroups.Inside("server", program, ["serve", address.ToString(), TrafficFigures.Port]));
        var line = await server.StandardOutput.ReadLineAsync().ConfigureAwait(false);
        return line == "ready"
            ? new NamespacePath(name, sender, address, program, cgroups, server, owned)
            : throw new InvalidOperationException($"{name}: the receiver did not start: {await server.StandardError.ReadToEndAsync().ConfigureAwait(false)}");
    }

    public async Task<double> LoadAsync(string[] arguments, CancellationToken cancellation)
    {
        using var process = Start(_sender, _cgroups.Inside("client", _program, [arguments[0], _address.ToString(), TrafficFigures.Port, .. arguments[1..]]));
        await using var registration = cancellation.Register(() => process.Kill()).ConfigureAwait(false);
        var output = await process.StandardOutput.ReadToEndAsync(cancellation).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        return double.TryParse(output, CultureInfo.InvariantCulture, out var figure)
            ? figure
            : throw new InvalidOperationException($"{Name}: {string.Join(' ', arguments)}: {await process.StandardError.ReadToEndAsync(cancellation).ConfigureAwait(false)}");
    }

    public async ValueTask DisposeAsync()
    {
        _server.StandardInput.Close(); // it ends, and its children with it
        _server.WaitForExit();
        _server.Dispose();
        await _cgroups.DisposeAsync().ConfigureAwait(false);
        foreach (var item in _owned)
        {
            item.Dispose();
        }
    }

    private static Process Start(NetworkNamespace where, (string Program, IReadOnlyList<string> Arguments) command) => Start(where, command.Program, command.Arguments);

    /// <summary>Starts a program inside a namespace: a child inherits the namespace of the thread that forks.</summary>
    internal static Process Start(NetworkNamespace where, string program, IReadOnlyList<string> arguments) => where.Run(() => Process.Start(
        new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!);
}
