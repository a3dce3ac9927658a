using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Waggle.Lab.ApiServer;

/// <summary>One figure: a name, a value and its unit.</summary>
public sealed record ApiServerFigure(string Name, double Value, string Unit);

/// <summary>Measures an API server of its own, over TLS on loopback with the journal on a real disk: what a lab's start is made of.</summary>
public static class ApiServerBenchmark
{
    private const string Pods = "/api/v1/namespaces/default/pods";

    /// <summary>Runs everything once; some seconds.</summary>
    /// <param name="directory">Where the journal is written; its file system decides what a sync costs.</param>
    /// <param name="cancellation">Ends the measurement.</param>
    public static async Task<IReadOnlyList<ApiServerFigure>> RunAsync(string directory, CancellationToken cancellation = default)
    {
        var figures = new List<ApiServerFigure>();
        using var pki = ClusterPki.LoadOrCreate(Path.Combine(directory, "pki"), []);
        var options = new ApiServerOptions { DataDirectory = Path.Combine(directory, "data"), Pki = pki, Endpoints = [new ApiEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0))] };
        var watch = Stopwatch.StartNew();
        await using (var host = await ApiServerHost.StartAsync(options, null, cancellation))
        {
            figures.Add(new ApiServerFigure("start, empty", watch.Elapsed.TotalMilliseconds, "ms"));
            using var client = Client(host, pki);
            await LatenciesAsync(client, figures, cancellation);
            await ThroughputAsync(client, figures, cancellation);
            await WatchAsync(client, figures, cancellation);
        }
        watch.Restart();
        await using (await ApiServerHost.StartAsync(options, null, cancellation))
        {
            figures.Add(new ApiServerFigure("start, 1,300 pods", watch.Elapsed.TotalMilliseconds, "ms"));
        }
        return figures;
    }

    private static HttpClient Client(ApiServerHost host, ClusterPki pki)
    {
        var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null } };
        var client = new HttpClient(handler) { BaseAddress = new Uri($"https://{host.Addresses[0]}") };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", pki.AdminToken);
        return client;
    }

    private static async Task LatenciesAsync(HttpClient client, List<ApiServerFigure> figures, CancellationToken cancellation)
    {
        async Task Measure(string name, int count, Func<int, Task> action)
        {
            // The first calls pay for compilation.
            for (var i = 0; i < 20; i++)
            {
                await action(-1 - i);
            }
            var times = new double[count];
            for (var i = 0; i < count; i++)
            {
                var start = Stopwatch.GetTimestamp();
                await action(i);
                times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
            Array.Sort(times);
            figures.Add(new ApiServerFigure($"{name}, p50", times[count / 2], "ms"));
            figures.Add(new ApiServerFigure($"{name}, p99", times[count * 99 / 100], "ms"));
        }
        await Measure("create pod", 300, i => SendAsync(client, "POST", Pods, Pod($"p{i + 100}"), "application/json", cancellation));
        await Measure("patch pod status", 300, i => SendAsync(client, "PATCH", $"{Pods}/p150/status", $$$"""{"status":{"message":"{{{i}}}"}}""", "application/strategic-merge-patch+json", cancellation));
        await Measure("get pod", 500, _ => SendAsync(client, "GET", $"{Pods}/p150", null, null, cancellation));
    }

    private static async Task ThroughputAsync(HttpClient client, List<ApiServerFigure> figures, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(Enumerable.Range(0, 1000), new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = cancellation }, async (i, stop) =>
            await SendAsync(client, "POST", Pods, Pod($"q{i}"), "application/json", stop));
        figures.Add(new ApiServerFigure("create pods, 32 at a time", 1000 / Stopwatch.GetElapsedTime(start).TotalSeconds, "1/s"));
        start = Stopwatch.GetTimestamp();
        for (var i = 0; i < 5; i++)
        {
            await SendAsync(client, "GET", Pods, null, null, cancellation);
        }
        figures.Add(new ApiServerFigure("list 1,300 pods", Stopwatch.GetElapsedTime(start).TotalMilliseconds / 5, "ms"));
    }

    private static async Task WatchAsync(HttpClient client, List<ApiServerFigure> figures, CancellationToken cancellation)
    {
        using var response = await client.GetAsync("/api/v1/namespaces/default/configmaps?watch=1", HttpCompletionOption.ResponseHeadersRead, cancellation);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        var times = new List<double>();
        for (var i = 0; i < 200; i++)
        {
            var next = reader.ReadLineAsync(cancellation).AsTask();
            var start = Stopwatch.GetTimestamp();
            await SendAsync(client, "POST", "/api/v1/namespaces/default/configmaps", $$$"""{"metadata":{"name":"w{{{i}}}"}}""", "application/json", cancellation);
            await next;
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        times.Sort();
        figures.Add(new ApiServerFigure("create until seen by a watch, p50", times[100], "ms"));
    }

    private static async Task SendAsync(HttpClient client, string method, string path, string? body, string? type, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(type!);
        }
        using var response = await client.SendAsync(request, cancellation);
        await response.Content.CopyToAsync(Stream.Null, cancellation);
        response.EnsureSuccessStatusCode();
    }

    private static string Pod(string name) => """
        {"metadata":{"name":"NAME","labels":{"app":"bench","tier":"front"}},"spec":{"containers":[{"name":"c","image":"nginx","ports":[{"containerPort":80}],
        "env":[{"name":"A","value":"1"},{"name":"B","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],"volumeMounts":[{"name":"v","mountPath":"/v"}]}],"volumes":[{"name":"v","emptyDir":{}}]}}
        """.Replace("NAME", name, StringComparison.Ordinal);
}
