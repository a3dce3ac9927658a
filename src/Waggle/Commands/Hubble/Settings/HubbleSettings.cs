using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Cli;

namespace Waggle.Commands.Hubble.Settings;

/// <summary>What a setting's text is.</summary>
internal enum SettingKind
{
    Text,
    Bool,
    Duration,
    Number,
    List,
}

/// <summary>One setting of the tool.</summary>
internal sealed record Setting(string Name, SettingKind Kind, string Default);

/// <summary>The tool's settings: flags before environment (<c>HUBBLE_…</c>) before configuration file before defaults.</summary>
internal sealed class HubbleSettings
{
    /// <summary>In the order of <c>config view</c>.</summary>
    public static readonly IReadOnlyList<Setting> All =
    [
        new("allowlist", SettingKind.List, ""),
        new("basic-auth-password", SettingKind.Text, ""),
        new("basic-auth-username", SettingKind.Text, ""),
        new("config", SettingKind.Text, ""),
        new("debug", SettingKind.Bool, "false"),
        new("denylist", SettingKind.List, ""),
        new("kube-context", SettingKind.Text, ""),
        new("kube-namespace", SettingKind.Text, "kube-system"),
        new("kubeconfig", SettingKind.Text, ""),
        new("port-forward", SettingKind.Bool, "false"),
        new("port-forward-port", SettingKind.Number, "4245"),
        new("request-timeout", SettingKind.Duration, "12s"),
        new("server", SettingKind.Text, "localhost:4245"),
        new("timeout", SettingKind.Duration, "5s"),
        new("tls", SettingKind.Bool, "false"),
        new("tls-allow-insecure", SettingKind.Bool, "false"),
        new("tls-ca-cert-files", SettingKind.List, ""),
        new("tls-client-cert-file", SettingKind.Text, ""),
        new("tls-client-key-file", SettingKind.Text, ""),
        new("tls-server-name", SettingKind.Text, ""),
    ];

    private readonly Call _call;
    private readonly HubbleFlags _flags;
    private readonly JsonObject _file;

    private HubbleSettings(Call call, HubbleFlags flags, HubbleConfigFile file)
    {
        (_call, _flags, File) = (call, flags, file);
        _file = file.Read();
    }

    public HubbleConfigFile File { get; }

    public HostEnvironment Environment => _call.Environment;

    public bool Debug => Text("debug") == "true";

    /// <summary>Reads everything once.</summary>
    /// <exception cref="CliException">The configuration file is no YAML mapping, or was named and does not exist.</exception>
    public static HubbleSettings Read(Call call, HubbleFlags flags) => new(call, flags, HubbleConfigFile.For(call, flags));

    /// <exception cref="CliException">There is no such setting.</exception>
    public static Setting Find(string name) => All.FirstOrDefault(setting => setting.Name == name)
        ?? throw CliException.Usage($"unknown key \"{name}\"", Suggestions.Nearest(name, All.Select(setting => setting.Name)) is { } near ? $"Did you mean \"{near}\"?" : null);

    /// <summary>The setting that holds.</summary>
    public string Text(string name)
    {
        var setting = Find(name);
        if (_flags.Typed(_call, name) is { } typed)
        {
            return typed;
        }

        if (_call.Environment.Variable("HUBBLE_" + name.ToUpperInvariant().Replace('-', '_')) is { Length: > 0 } variable)
        {
            return variable;
        }

        return name == "config" ? File.Path : Written(setting) ?? (name == "server" ? DefaultServer() : setting.Default);
    }

    public IReadOnlyList<string> List(string name)
    {
        // Filters in the file are JSON and hold commas themselves.
        if (_file[name] is JsonArray array && _flags.Typed(_call, name) is null && _call.Environment.Variable("HUBBLE_" + name.ToUpperInvariant().Replace('-', '_')) is null)
        {
            return [.. array.Select(item => item?.ToString() ?? "")];
        }

        var text = Text(name);
        return name is "allowlist" or "denylist" ? text.Length > 0 ? [text] : [] : text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    public TimeSpan Duration(string name) => Durations.Parse(Text(name), "--" + name);

    public bool Bool(string name) => Text(name) switch
    {
        "true" or "1" => true,
        "false" or "0" or "" => false,
        var other => throw CliException.Usage($"{name} cannot be \"{other}\"", "write true or false"),
    };

    /// <exception cref="CliException">It is no port.</exception>
    public int Port(string name) => ushort.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : throw CliException.Usage($"{name} cannot be \"{Text(name)}\"", "write a number from 0 to 65535");

    private string? Written(Setting setting) => _file[setting.Name] switch
    {
        null => null,
        JsonArray list => string.Join(',', list.Select(item => item?.ToString())),
        var value => value.ToString(),
    };

    // On a node nothing listens on localhost, but the agent's socket is there.
    private string DefaultServer()
    {
        var socket = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(_call.Environment.AgentSocket) ?? "/", "hubble.sock");
        return System.IO.File.Exists(socket) ? "unix://" + socket : Find("server").Default;
    }
}
