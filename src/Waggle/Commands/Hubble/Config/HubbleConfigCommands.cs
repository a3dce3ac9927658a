using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Hubble.Settings;

namespace Waggle.Commands.Hubble.Config;

/// <summary><c>hubble config</c>: the tool's own settings.</summary>
internal static class HubbleConfigCommands
{
    public static Verb Create(HubbleFlags tool) => new("config", "Show or change this tool's settings")
    {
        Details = """
            A setting comes from its flag, else from the environment (HUBBLE_ and the flag's name in capitals, - as _), else from the
            configuration file, else it has its default. "set" and "reset" change the file.
            """,
        Examples =
        [
            new("hubble config view", "what holds now"),
            new("hubble config set server tls://relay.example.org:443", "keep a server's address"),
            new("hubble config reset", "all defaults again"),
        ],
        Children = () => [View(tool), Get(tool), Set(tool), Reset(tool)],
    };

    private static Verb View(HubbleFlags tool) => new("view", "Show all settings that hold")
    {
        Run = (call, _) =>
        {
            ViewAll(call, HubbleSettings.Read(call, tool));
            return Task.FromResult(ExitCode.Ok);
        },
    };

    private static Verb Get(HubbleFlags tool)
    {
        var key = Operand.Optional("key", "a setting; all without it", Keys);
        return new Verb("get", "Show one setting")
        {
            Operands = [key],
            Run = (call, _) =>
            {
                var settings = HubbleSettings.Read(call, tool);
                if (call.Get(key) is not { } name)
                {
                    ViewAll(call, settings);
                }
                else
                {
                    YamlWriter.Write(call.Terminal.Out, Value(settings, HubbleSettings.Find(name)));
                }

                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    private static Verb Set(HubbleFlags tool)
    {
        var key = Operand.Required("key", "a setting", Keys);
        var value = Operand.Optional("value", "its value; without it the default holds again");
        return new Verb("set", "Change one setting in the configuration file")
        {
            Operands = [key, value],
            Run = (call, _) =>
            {
                Change(HubbleSettings.Read(call, tool).File, HubbleSettings.Find(call.Get(key)!), call.Get(value));
                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    private static Verb Reset(HubbleFlags tool)
    {
        var key = Operand.Optional("key", "a setting; all without it", Keys);
        return new Verb("reset", "Let defaults hold again")
        {
            Operands = [key],
            Run = (call, _) =>
            {
                if (call.Get(key) is { } name)
                {
                    Change(HubbleSettings.Read(call, tool).File, HubbleSettings.Find(name), null);
                }
                else
                {
                    // Also the way out of a file that cannot be read.
                    HubbleConfigFile.For(call, tool).Write([]);
                }

                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    private static void Change(HubbleConfigFile file, Setting setting, string? value)
    {
        var settings = file.Read();
        settings.Remove(setting.Name);
        if (!string.IsNullOrEmpty(value))
        {
            settings[setting.Name] = Parse(setting, value);
        }

        file.Write(settings);
    }

    private static JsonNode Parse(Setting setting, string value)
    {
        switch (setting.Kind)
        {
            case SettingKind.Bool:
                return bool.TryParse(value, out var on) ? JsonValue.Create(on) : throw CliException.Usage($"{setting.Name} cannot be \"{value}\"", "write true or false");
            case SettingKind.Duration:
                return JsonValue.Create(Durations.Format(Durations.Parse(value, setting.Name)));
            case SettingKind.Number:
                return ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? JsonValue.Create((int)port) : throw CliException.Usage($"{setting.Name} cannot be \"{value}\"", "write a number from 0 to 65535");
            case SettingKind.List when setting.Name is "allowlist" or "denylist":
                return new JsonArray(JsonValue.Create(value));
            case SettingKind.List:
                return new JsonArray([.. value.Trim('[', ']').Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(item => JsonValue.Create(item))]);
            default:
                return JsonValue.Create(value);
        }
    }

    private static void ViewAll(Call call, HubbleSettings settings)
    {
        var all = new JsonObject();
        foreach (var setting in HubbleSettings.All)
        {
            all[setting.Name] = Value(settings, setting);
        }

        YamlWriter.Write(call.Terminal.Out, all);
    }

    private static JsonNode Value(HubbleSettings settings, Setting setting) => setting.Kind switch
    {
        SettingKind.List => new JsonArray([.. settings.List(setting.Name).Select(item => JsonValue.Create(item))]),
        SettingKind.Bool => JsonValue.Create(settings.Bool(setting.Name)),
        SettingKind.Number => JsonValue.Create(settings.Port(setting.Name)),
        // Screens are looked over shoulders, and output lands in tickets.
        _ when setting.Name == "basic-auth-password" && settings.Text(setting.Name).Length > 0 => JsonValue.Create("(hidden)"),
        _ => JsonValue.Create(settings.Text(setting.Name)),
    };

    private static IEnumerable<Candidate> Keys(CompletionRequest request) => HubbleSettings.All.Select(setting => new Candidate(setting.Name));
}
