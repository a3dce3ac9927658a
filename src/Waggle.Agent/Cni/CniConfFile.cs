namespace Waggle.Agent.Cni;

/// <summary>The file that tells the node's container runtime to use the plugin.</summary>
internal static class CniConfFile
{
    private const string Content = """
        {
          "cniVersion": "0.3.1",
          "name": "cilium",
          "plugins": [
            {
              "type": "cilium-cni",
              "enable-debug": false
            }
          ]
        }

        """;

    /// <summary>Writes the file at once as a whole, and with <paramref name="exclusive"/> renames the configurations of other plugins beside it.</summary>
    /// <returns>The files renamed.</returns>
    public static IReadOnlyList<string> Write(string path, bool exclusive)
    {
        string directory = Path.GetDirectoryName(path) ?? "/";
        Directory.CreateDirectory(directory);
        if (!File.Exists(path) || File.ReadAllText(path) != Content)
        {
            string temporary = Path.Combine(directory, "." + Path.GetFileName(path) + ".new");
            File.WriteAllText(temporary, Content);
            File.Move(temporary, path, overwrite: true);
        }

        var renamed = new List<string>();
        foreach (string other in exclusive ? Directory.GetFiles(directory) : [])
        {
            if (other != path && Path.GetExtension(other) is ".conf" or ".conflist" or ".json" && Path.GetFileName(other) != Path.GetFileName(path))
            {
                File.Move(other, other + ".cilium_bak", overwrite: true);
                renamed.Add(other);
            }
        }

        return renamed;
    }
}
