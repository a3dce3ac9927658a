using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Waggle.Lab.ApiServer;

namespace Waggle.Lab.Tests.ApiServer;

/// <summary>An API server of its own on a port the kernel chose, with its kubeconfig.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private ClusterPki? _pki;

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("wgt-api-").FullName;

    public ApiServerHost Host { get; private set; } = null!;

    public FakeNode Node { get; } = new();

    public ClusterPki Pki => _pki!;

    public HttpClient Http { get; private set; } = null!;

    public string Kubeconfig => Path.Combine(Directory, "kubeconfig");

    public Func<ApiServerOptions, ApiServerOptions> Configure { get; init; } = o => o;

    public async ValueTask InitializeAsync()
    {
        _pki ??= ClusterPki.LoadOrCreate(Path.Combine(Directory, "pki"), []);
        var options = new ApiServerOptions
        {
            DataDirectory = Path.Combine(Directory, "data"),
            Pki = _pki,
            Endpoints = [new ApiEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0))],
            Nodes = Node,
        };
        Host = await ApiServerHost.StartAsync(Configure(options));
        _pki.WriteKubeconfig(Kubeconfig, "test", $"https://{Host.Addresses[0]}", _pki.IssueAdmin());
        Http = Client(_pki.AdminToken);
    }

    public async Task StopAsync()
    {
        Http.Dispose();
        await Host.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _pki?.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    public HttpClient Client(string? token)
    {
        var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null } };
        var client = new HttpClient(handler) { BaseAddress = new Uri($"https://{Host.Addresses[0]}") };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
        return client;
    }

    public async Task<(int Code, JsonObject Body)> SendAsync(string method, string path, string? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        }
        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, JsonNode.Parse(text) as JsonObject ?? []);
    }

    public async Task<JsonObject> CreateAsync(string path, string body)
    {
        var (code, answer) = await SendAsync("POST", path, body);
        Assert.True(code == 201, answer.ToJsonString());
        return answer;
    }

    public Task<KubectlResult> KubectlAsync(params string[] arguments) => Kubectl.RunAsync(Kubectl.Program, Kubeconfig, null, arguments);

    public Task<KubectlResult> KubectlWithInputAsync(string input, params string[] arguments) => Kubectl.RunAsync(Kubectl.Program, Kubeconfig, input, arguments);
}

public sealed record KubectlResult(int ExitCode, string Output, string Error)
{
    /// <summary>The output, after checking that the command succeeded.</summary>
    public string Ok
    {
        get
        {
            Assert.True(ExitCode == 0, $"exit {ExitCode}: {Error}{Output}");
            return Output;
        }
    }

    /// <summary>Checks that the command succeeded.</summary>
    public void Check() => _ = Ok;
}

public static class Kubectl
{
    public static string Program => "kubectl";

    public static async Task<KubectlResult> RunAsync(string program, string kubeconfig, string? input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["KUBECONFIG"] = kubeconfig;
        start.Environment["HOME"] = Path.GetDirectoryName(kubeconfig);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
        }
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return new KubectlResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
