using Waggle.Cli;
using Waggle.Commands;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands.Hubble;

public sealed class HubbleConfigTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Dictionary<string, string> _variables = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Get_FlagBeforeEnvironmentBeforeFileBeforeDefault()
    {
        Assert.Equal("localhost:4245\n", await RunAsync("config", "get", "server"));
        await RunAsync("config", "set", "server", "file:1");
        Assert.Equal("file:1\n", await RunAsync("config", "get", "server"));
        _variables["HUBBLE_SERVER"] = "variable:2";
        Assert.Equal("variable:2\n", await RunAsync("config", "get", "server"));
        Assert.Equal("flag:3\n", await RunAsync("--server", "flag:3", "config", "get", "server"));
    }

    [Fact]
    public async Task Set_WritesOnlyWhatWasSet_ResetTakesItBack()
    {
        await RunAsync("config", "set", "tls", "true");
        await RunAsync("config", "set", "timeout", "90s");
        await RunAsync("config", "set", "tls-ca-cert-files", "/a,/b");
        var file = Path.Combine(_folder.Path, "hubble", "config.yaml");
        Assert.Equal("tls: true\ntimeout: 1m30s\ntls-ca-cert-files:\n- /a\n- /b\n", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        await RunAsync("config", "reset", "tls");
        Assert.Equal("false\n", await RunAsync("config", "get", "tls"));
        Assert.Equal("- /a\n- /b\n", await RunAsync("config", "get", "tls-ca-cert-files"));
        await RunAsync("config", "reset");
        Assert.Equal("", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task View_ShowsEverything_ButNoPassword()
    {
        _variables["HUBBLE_BASIC_AUTH_PASSWORD"] = "secret";
        var output = await RunAsync("config", "view");
        Assert.Contains("server: localhost:4245\n", output);
        Assert.Contains("request-timeout: 12s\n", output);
        Assert.Contains("basic-auth-password: (hidden)\n", output);
        Assert.DoesNotContain("secret", output);
    }

    [Theory]
    [InlineData("unknown key \"sever\"", "Did you mean \"server\"?", "config", "get", "sever")]
    [InlineData("tls cannot be \"maybe\"", "true or false", "config", "set", "tls", "maybe")]
    [InlineData("timeout cannot be \"soon\"", "30s", "config", "set", "timeout", "soon")]
    public async Task Mistakes_AreNamed(string message, string hint, params string[] words)
    {
        var outcome = await OutcomeAsync(words);
        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains(message, outcome.Error);
        Assert.Contains(hint, outcome.Error);
    }

    [Fact]
    public async Task BrokenFile_IsToldAndResetHelps()
    {
        var file = Path.Combine(_folder.Path, "hubble", "config.yaml");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, "a: [", TestContext.Current.CancellationToken);
        var outcome = await OutcomeAsync("config", "view");
        Assert.Equal(ExitCode.Usage, outcome.Code);
        Assert.Contains("hubble config reset", outcome.Error);
        await RunAsync("config", "reset");
        Assert.Equal("localhost:4245\n", await RunAsync("config", "get", "server"));
    }

    private async Task<string> RunAsync(params string[] words)
    {
        var outcome = await OutcomeAsync(words);
        Assert.Equal((ExitCode.Ok, ""), (outcome.Code, outcome.Error));
        return outcome.Output;
    }

    private Task<Outcome> OutcomeAsync(params string[] words)
    {
        var environment = InProcess.Nowhere with { Variable = name => name == "XDG_CONFIG_HOME" ? _folder.Path : _variables.GetValueOrDefault(name) };
        return InProcess.RunAsync(Tools.Hubble(), environment, words);
    }
}
