using System.Text;
using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Launching;
using Waggle.Lab.Nodes.Logs;
using Waggle.Lab.Nodes.Probes;
using Waggle.Lab.Nodes.Streams;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>One run of a container, from its start to its end.</summary>
internal sealed class ContainerInstance : IDisposable
{
    private const int MaxMessage = 4096;

    private ContainerInstance(ContainerPlan plan, LaunchedProcess process, ContainerLog log, DateTimeOffset startedAt, bool interactive)
    {
        Plan = plan;
        Process = process;
        Log = log;
        StartedAt = startedAt;
        Output = new ContainerOutput(process, log, interactive);
    }

    public ContainerPlan Plan { get; }

    public LaunchedProcess Process { get; }

    public ContainerLog Log { get; }

    public ContainerOutput Output { get; }

    public DateTimeOffset StartedAt { get; }

    public static string LogPath(PodScope scope, string container, int restarts) =>
        Path.Combine(scope.Node.Paths.PodLogs(scope.Namespace, scope.Name, scope.Uid), container, $"{restarts}.log");

    /// <exception cref="LaunchException">It could not be started.</exception>
    public static async Task<ContainerInstance> StartAsync(PodScope scope, Container container, ContainerPlan plan, int restarts, CancellationToken cancellation)
    {
        var log = new ContainerLog(LogPath(scope, container.Name, restarts), scope.Node.Time);
        try
        {
            ProcessStreams? streams = plan.Spec.Process.Terminal ? null : new ProcessStreams(container.Stdin == true, stdout: true, stderr: true);
            LaunchedProcess process = await scope.Node.Launcher.RunAsync(plan.Spec, streams, cancellation).ConfigureAwait(false);
            return new ContainerInstance(plan, process, log, scope.Node.Time.GetUtcNow(), container.Stdin == true);
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    public ProbeTarget ProbeTarget(PodScope scope, Container container) =>
        new(Process.Pid, Plan.Spec.Cgroup, Plan.Spec.Process, scope.Addresses.PodIps.FirstOrDefault() ?? "127.0.0.1", container.Ports);

    /// <summary>What the container left as its last words: its file, or else the end of its log when it asks for that.</summary>
    public string? Message(Container container, int exitCode)
    {
        string text = ReadEnd(Plan.MessagePath, MaxMessage);
        if (text.Length == 0 && exitCode != 0 && container.TerminationMessagePolicy == "FallbackToLogsOnError")
            text = LogText(ReadEnd(Log.Path, 2 * MaxMessage));
        return text.Length == 0 ? null : text;
    }

    public void Dispose()
    {
        Process.Dispose();
        Log.Dispose();
    }

    private static string ReadEnd(string path, int bytes)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Position = Math.Max(0, file.Length - bytes);
            using var reader = new StreamReader(file, Encoding.UTF8);
            return reader.ReadToEnd();
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static string LogText(string lines)
    {
        var text = new StringBuilder();
        foreach (string line in lines.Split('\n').TakeLast(80))
        {
            if (LogLine.TryParse(Encoding.UTF8.GetBytes(line), out LogLine parsed))
                text.Append(Encoding.UTF8.GetString(parsed.Text)).Append('\n');
        }
        return text.Length > MaxMessage ? text.ToString(text.Length - MaxMessage, MaxMessage) : text.ToString();
    }
}
