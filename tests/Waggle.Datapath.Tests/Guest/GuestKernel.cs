using System.Text;
using System.Text.RegularExpressions;

namespace Waggle.Datapath.Tests.Guest;

/// <summary>Debian's packaged kernel 6.1, the oldest Waggle supports: fetched with apt once, unpacked beside it, never installed on the machine.</summary>
/// <param name="Image">The kernel.</param>
/// <param name="Modules">Every module's file by name.</param>
internal sealed partial record GuestKernel(string Image, IReadOnlyDictionary<string, string> Modules)
{
    private static readonly string[] s_unpacked =
    [
        "./boot/vmlinuz-*", "./lib/modules/*/kernel/net/*", "./lib/modules/*/kernel/fs/*", "./lib/modules/*/kernel/drivers/virtio/*",
        "./lib/modules/*/veth.ko", "./lib/modules/*/vxlan.ko", "./lib/modules/*/dummy.ko", "./lib/modules/*/tun.ko",
    ];

    /// <summary>Finds the newest package of the series, fetching it when the cache does not hold it.</summary>
    /// <param name="series">"6.1".</param>
    /// <param name="cache">Folder that outlives a run.</param>
    internal static async Task<GuestKernel> GetAsync(string series, string cache, CancellationToken cancellation)
    {
        Directory.CreateDirectory(cache);
        var package = await NewestAsync(series, cancellation);
        if (package is null)
        {
            await Tool.RunAsync(cancellation, cache, "apt-get", "update");
            package = await NewestAsync(series, cancellation)
                ?? throw new InvalidOperationException($"apt knows no package linux-image-{series}.*-amd64, which the tests on Linux {series} boot. Add Debian 12 (bookworm) to the machine's apt sources, or unpack such a package into {cache}/linux-image-{series}.0-0-amd64.");
        }

        var folder = Path.Combine(cache, package);
        if (!Directory.Exists(folder))
        {
            await FetchAsync(package, folder, cache, cancellation);
        }

        return new GuestKernel(
            Directory.GetFiles(Path.Combine(folder, "boot"), "vmlinuz-*").Single(),
            Directory.EnumerateFiles(folder, "*.ko", SearchOption.AllDirectories).ToDictionary(f => NameOf(Path.GetFileNameWithoutExtension(f))));
    }

    /// <summary>These modules and all they depend on, in the order in which they can be loaded.</summary>
    internal IReadOnlyList<string> InOrder(params string[] wanted)
    {
        var order = new List<string>();
        foreach (var name in wanted)
        {
            Visit(NameOf(name), order);
        }

        return order;
    }

    private void Visit(string name, List<string> order)
    {
        // A name without a file is built into the kernel.
        if (order.Contains(name) || !Modules.TryGetValue(name, out var file))
        {
            return;
        }

        var depends = Depends().Match(Encoding.Latin1.GetString(File.ReadAllBytes(file))).Groups[1].Value;
        foreach (var other in depends.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            Visit(NameOf(other), order);
        }

        order.Add(name);
    }

    private static async Task<string?> NewestAsync(string series, CancellationToken cancellation)
    {
        var known = await Tool.RunAsync(cancellation, "/", "apt-cache", "pkgnames", $"linux-image-{series}.");
        return known.Split('\n')
            .Select(n => Package().Match(n))
            .Where(m => m.Success)
            .OrderBy(m => int.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture))
            .ThenBy(m => int.Parse(m.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture))
            .LastOrDefault()?.Value;
    }

    private static async Task FetchAsync(string package, string folder, string cache, CancellationToken cancellation)
    {
        // Another test run may fetch at the same time: everything happens beside the place and is then renamed into it.
        var work = Directory.CreateTempSubdirectory("wgt-kernel-").FullName;
        try
        {
            try
            {
                await Tool.RunAsync(cancellation, work, "apt-get", "-q", "download", package);
            }
            catch (InvalidOperationException)
            {
                await Tool.RunAsync(cancellation, work, "apt-get", "update");
                await Tool.RunAsync(cancellation, work, "apt-get", "-q", "download", package);
            }

            var unpacked = Path.Combine(cache, $"{package}-{Path.GetFileName(work)}");
            Directory.CreateDirectory(unpacked);
            await Tool.RunAsync(cancellation, work, "sh", "-c", $"dpkg-deb --fsys-tarfile *.deb | tar -x -C '{unpacked}' --wildcards {string.Join(' ', s_unpacked.Select(p => $"'{p}'"))}");
            try
            {
                Directory.Move(unpacked, folder);
            }
            catch (IOException) when (Directory.Exists(folder))
            {
                Directory.Delete(unpacked, recursive: true);
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static string NameOf(string module) => module.Replace('-', '_');

    [GeneratedRegex(@"^linux-image-\d+\.\d+\.(\d+)-(\d+)-amd64$")]
    private static partial Regex Package();

    [GeneratedRegex("\0depends=([^\0]*)\0")]
    private static partial Regex Depends();
}
