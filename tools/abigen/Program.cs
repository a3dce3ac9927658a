using Waggle.Bpf.Btf;
using Waggle.Tools.AbiGen;

// usage: abigen <object.o> <output.cs> <namespace>
// Errors go to stderr in MSBuild's canonical form, so that they show up as build errors.
if (args.Length != 3)
{
    Console.Error.WriteLine("abigen : error ABI000: usage: abigen <object.o> <output.cs> <namespace>");
    return 2;
}

try
{
    var btf = BtfSpec.FromElf(File.ReadAllBytes(args[0]));
    var problems = AbiRules.Check(btf).ToList();
    foreach (var problem in problems)
    {
        Console.Error.WriteLine($"bpf/abi : error ABI001: {problem}");
    }

    if (problems.Count > 0)
    {
        return 1;
    }

    File.WriteAllText(args[1], new CSharpWriter(btf, args[2]).Write());
    return 0;
}
catch (Exception e) when (e is BtfFormatException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"abigen : error ABI002: {args[0]}: {e.Message}");
    return 1;
}
