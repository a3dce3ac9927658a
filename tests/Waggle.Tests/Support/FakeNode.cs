using Waggle.Cli;

namespace Waggle.Tests.Support;

/// <summary>Surroundings in which an agent answers on its socket.</summary>
internal sealed class FakeNode : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("wgt-agent-");
    private readonly FakeServer _server;

    public FakeNode(params (string Path, string Body)[] answers)
    {
        var socket = Path.Combine(_folder.FullName, "cilium.sock");
        _server = FakeServer.OnSocket(socket, answers.ToDictionary(answer => answer.Path, answer => answer.Body));
        Environment = InProcess.Nowhere with { AgentSocket = socket };
    }

    public HostEnvironment Environment { get; }

    public Task<Outcome> RunAsync(params string[] words) => InProcess.RunAsync(Environment, words);

    public void Dispose()
    {
        _server.Dispose();
        _folder.Delete(recursive: true);
    }
}
