using Waggle.Kube.Client;

namespace Waggle.Kube.Exec;

/// <summary>Runs commands in pods.</summary>
public static class PodExec
{
    internal const string V5 = "v5.channel.k8s.io";
    internal const string V4 = "v4.channel.k8s.io";

    /// <summary>Starts a command in a running container.</summary>
    /// <exception cref="KubeApiException">No such pod or container, or it is not running.</exception>
    public static async Task<PodExecSession> StartAsync(this KubeClient client, string @namespace, string pod, PodExecOptions options, CancellationToken cancellation = default)
    {
        var query = new QueryBuilder(KubeTypes.Pods.Path(@namespace, pod, "exec")).Add("container", options.Container);
        foreach (var argument in options.Command)
        {
            query = query.AddAlways("command", argument);
        }

        query = query
            .Add("stdin", options.Stdin ? "true" : null)
            .Add("stdout", options.Stdout ? "true" : null)
            .Add("stderr", options.Stderr && !options.Tty ? "true" : null)
            .Add("tty", options.Tty ? "true" : null);
        var path = query.ToString();
        var socket = await client.OpenWebSocketAsync(path, [V5, V4], cancellation).ConfigureAwait(false);
        return new(socket, options, $"exec {options.Command[0]} in {@namespace}/{pod}");
    }

    /// <summary>Runs a command to its end and returns its output (text, UTF-8).</summary>
    /// <param name="client">The client.</param>
    /// <param name="namespace">The pod's namespace.</param>
    /// <param name="pod">The pod.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="container">Null takes the default container.</param>
    /// <param name="input">Text for its standard input; null for none.</param>
    /// <param name="cancellation">Ends the attempt; the command is then killed by the node.</param>
    /// <exception cref="KubeApiException">The command could not be run. A non-zero exit code is no exception.</exception>
    public static async Task<ExecResult> RunAsync(
        this KubeClient client, string @namespace, string pod, IReadOnlyList<string> command, string? container = null, string? input = null, CancellationToken cancellation = default)
    {
        var options = new PodExecOptions { Command = command, Container = container, Stdin = input is not null };
        await using var session = await client.StartAsync(@namespace, pod, options, cancellation).ConfigureAwait(false);
        using var stdout = new StreamReader(session.Stdout!);
        using var stderr = new StreamReader(session.Stderr!);
        var output = stdout.ReadToEndAsync(cancellation);
        var errors = stderr.ReadToEndAsync(cancellation);
        if (session.Stdin is { } stdin)
        {
            await stdin.WriteAsync(System.Text.Encoding.UTF8.GetBytes(input!), cancellation).ConfigureAwait(false);
            await stdin.DisposeAsync().ConfigureAwait(false);
        }

        var text = await output.ConfigureAwait(false);
        var errorText = await errors.ConfigureAwait(false);
        return new(await session.ExitCode.WaitAsync(cancellation).ConfigureAwait(false), text, errorText);
    }
}
