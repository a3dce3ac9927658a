using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Hosting.Config;

namespace Waggle.Commands.Config;

internal static class ConfigKeysCommand
{
    private static readonly Listing<ConfigKey> Listing = new()
    {
        Columns =
        [
            new("KEY", key => key.Name), new("VALUES", key => key.Type), new("DEFAULT", key => key.Default.Length == 0 ? "-" : key.Default), new("CHANGE", Change), new("MEANING", key => key.Summary, Wide: true),
        ],
        Json = key => new JsonObject { ["name"] = key.Name, ["type"] = key.Type, ["default"] = key.Default, ["runtimeChangeable"] = key.RuntimeChangeable, ["summary"] = key.Summary },
    };

    public static Verb Create(string tool)
    {
        var output = new OutputFlags();
        return new Verb("keys", "List every key with its type and default")
        {
            Flags = output.All,
            Examples = [new($"{tool} config keys -o wide", "with what each one means")],
            Run = (call, _) =>
            {
                Listing.Print(call.Terminal, output.Read(call), ConfigKeys.All);
                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    private static string Change(ConfigKey key) => key.RuntimeChangeable ? "live" : "restart";
}
