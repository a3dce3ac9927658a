using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Kube.Json;
using YamlDotNet.Core;

namespace Waggle.Commands.Hubble.Settings;

/// <summary>The tool's configuration file.</summary>
internal sealed class HubbleConfigFile
{
    private readonly bool _named;

    private HubbleConfigFile(string path, bool named) => (Path, _named) = (path, named);

    public string Path { get; }

    /// <summary>The file that was named, or the first place where one is looked for.</summary>
    public static HubbleConfigFile For(Call call, HubbleFlags flags)
    {
        if ((flags.Typed(call, "config") ?? call.Environment.Variable("HUBBLE_CONFIG")) is { Length: > 0 } named)
        {
            return new HubbleConfigFile(named, named: true);
        }

        var xdg = call.Environment.Variable("XDG_CONFIG_HOME") is { Length: > 0 } home ? home : System.IO.Path.Combine(call.Environment.Home, ".config");
        string first = System.IO.Path.Combine(xdg, "hubble", "config.yaml"), second = System.IO.Path.Combine(call.Environment.Home, ".hubble", "config.yaml");
        return new HubbleConfigFile(!File.Exists(first) && File.Exists(second) ? second : first, named: false);
    }

    /// <summary>An empty object when there is no file.</summary>
    public JsonObject Read()
    {
        if (!File.Exists(Path))
        {
            return [];
        }

        try
        {
            var documents = KubeYaml.ReadAll(File.ReadAllText(Path));
            return documents.Count > 0 ? (JsonObject)documents[0].DeepClone() : [];
        }
        catch (Exception wrong) when (wrong is YamlException or InvalidCastException or FormatException or InvalidOperationException)
        {
            throw CliException.Usage($"{Path} is no usable configuration: {wrong.Message}", "It is a YAML mapping from keys to values; \"hubble config reset\" makes it anew.");
        }
        catch (Exception denied) when (_named && denied is UnauthorizedAccessException or IOException)
        {
            throw CliException.Usage($"cannot read {Path}: {denied.Message}");
        }
    }

    /// <summary>Replaces the file; the old one stays whole until the new one is.</summary>
    public void Write(JsonObject settings)
    {
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var temporary = $"{Path}.{Guid.NewGuid():N}";
            using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            using (var text = new StreamWriter(stream))
            {
                if (settings.Count > 0)
                {
                    YamlWriter.Write(text, settings);
                }
            }

            File.Move(temporary, Path, overwrite: true);
        }
        catch (Exception denied) when (denied is UnauthorizedAccessException or IOException)
        {
            throw new CliException($"cannot write {Path}: {denied.Message}", "Choose another file with --config.", ExitCode.Failed, denied);
        }
    }
}
