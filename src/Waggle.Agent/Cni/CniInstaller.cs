namespace Waggle.Agent.Cni;

/// <summary>Puts the plugin where the node's container runtime looks for it (the init container's work).</summary>
internal static class CniInstaller
{
    public const string PluginName = "cilium-cni";

    /// <summary>Copies the forwarder from beside this program. The old one is replaced at once, also while it runs.</summary>
    /// <exception cref="FileNotFoundException">The forwarder is not beside this program.</exception>
    public static string Install(string directory, string? sourceDirectory = null)
    {
        string source = Path.Combine(sourceDirectory ?? AppContext.BaseDirectory, "waggle-cni");
        if (!File.Exists(source))
        {
            throw new FileNotFoundException($"the CNI forwarder {source} is missing: the installation is incomplete, build it again", source);
        }

        Directory.CreateDirectory(directory);
        string target = Path.Combine(directory, PluginName), temporary = Path.Combine(directory, $".{PluginName}.new");
        File.Copy(source, temporary, overwrite: true);
        File.SetUnixFileMode(temporary, (UnixFileMode)0b111_101_101);
        File.Move(temporary, target, overwrite: true);
        return target;
    }
}
