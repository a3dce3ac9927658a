using System.Globalization;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>
/// The built-in kinds, read from the embedded <c>Schemas/*.yaml</c>. The notation is described in <c>Schemas/README.md</c>:
/// a field is <c>name!: type modifiers -- description</c>.
/// </summary>
internal sealed class SchemaLibrary
{
    // Two of the common types live in packages of their own; tools know them by these names.
    private static readonly Dictionary<string, string> s_otherPackages = new()
    {
        ["Quantity"] = "io.k8s.apimachinery.pkg.api.resource.Quantity",
        ["IntOrString"] = "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    };

    private readonly Dictionary<string, Schema> _types = [];
    private readonly Dictionary<string, JsonObject> _files = [];

    private SchemaLibrary() { }

    public List<ResourceDefinition> Resources { get; } = [];

    /// <summary>Shared types by <c>alias.Name</c>, e.g. <c>meta.ObjectMeta</c>.</summary>
    public Schema Type(string qualified) => _types[qualified];

    public Schema ObjectMeta => _types["meta.ObjectMeta"];

    public IEnumerable<Schema> Types => _types.Values;

    public static SchemaLibrary Load()
    {
        var library = new SchemaLibrary();
        var assembly = typeof(SchemaLibrary).Assembly;
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith("schema:", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var file = YamlTree.Parse(reader.ReadToEnd()) as JsonObject ?? throw new InvalidDataException($"{resource} is not a mapping");
            library._files[J.Str(file, "alias") ?? throw new InvalidDataException($"{resource} has no alias")] = file;
        }
        library.Build();
        return library;
    }

    private void Build()
    {
        foreach (var (alias, file) in _files)
        {
            foreach (var (name, _) in J.Obj(file, "types") ?? [])
            {
                _types[$"{alias}.{name}"] = new Schema { TypeName = s_otherPackages.GetValueOrDefault(name) ?? $"{J.Str(file, "package")}.{name}", Type = SchemaType.Object, DropNulls = true };
            }
            foreach (var (kind, _) in J.Obj(file, "kinds") ?? [])
            {
                _types[$"{alias}.{kind}"] = new Schema { TypeName = $"{J.Str(file, "package")}.{kind}", Type = SchemaType.Object, DropNulls = true };
            }
        }
        foreach (var (alias, file) in _files)
        {
            foreach (var (name, body) in J.Obj(file, "types") ?? [])
            {
                Fill(alias, _types[$"{alias}.{name}"], body);
            }
            foreach (var (kind, body) in J.Obj(file, "kinds") ?? [])
            {
                AddKind(alias, file, kind, (JsonObject)body!);
            }
        }
    }

    private void AddKind(string alias, JsonObject file, string kind, JsonObject body)
    {
        var schema = _types[$"{alias}.{kind}"];
        schema.Description = J.Str(body, "about");
        schema.Properties["apiVersion"] = new Schema { Type = SchemaType.String, Description = "Group and version of this kind." };
        schema.Properties["kind"] = new Schema { Type = SchemaType.String, Description = "Name of the kind." };
        schema.Properties["metadata"] = new Schema { Type = SchemaType.Object, Ref = ObjectMeta, Description = "Name, namespace, labels and bookkeeping." };
        Fill(alias, schema, J.Obj(body, "fields") ?? []);
        if (J.Str(body, "plural") is not { } plural)
        {
            return;
        }
        Resources.Add(new ResourceDefinition
        {
            Group = J.Str(file, "group") ?? "",
            Version = J.Str(file, "version")!,
            Plural = plural,
            Singular = J.Str(body, "singular") ?? kind.ToLowerInvariant(),
            Kind = kind,
            Namespaced = J.Bool(body["namespaced"]) ?? true,
            ShortNames = Texts(body["short"]),
            Categories = Texts(body["categories"]),
            Subresources = Texts(body["subresources"]),
            Scale = Texts(body["subresources"]).Contains("scale") ? new ScalePaths("spec.replicas", "status.replicas", J.Str(body, "scaleSelector") ?? "status.selector") : null,
            SelectableFields = Texts(body["select"]),
            Columns = Columns(body["columns"]),
            Schema = schema,
            BuiltIn = true,
        });
    }

    private void Fill(string alias, Schema schema, JsonNode? body)
    {
        if (body is JsonValue)
        {
            // A type that is another name of an expression, e.g. a quantity.
            var alone = Expression(alias, J.Text(body)!);
            schema.Type = alone.Type;
            schema.Format = alone.Format;
            schema.Description = alone.Description;
            schema.PreserveUnknown = alone.PreserveUnknown;
            schema.Additional = alone.Additional;
            schema.Items = alone.Items;
            schema.AtomicMap = alone.AtomicMap;
            return;
        }
        foreach (var (key, value) in (JsonObject)body!)
        {
            if (key == "+about")
            {
                schema.Description = J.Text(value);
                continue;
            }
            if (key == "+atomic")
            {
                schema.AtomicMap = true;
                continue;
            }
            var required = key.EndsWith('!');
            var name = required ? key[..^1] : key;
            if (required)
            {
                schema.Required.Add(name);
            }
            schema.Properties[name] = Expression(alias, J.Text(value) ?? throw new InvalidDataException($"{alias}: {schema.TypeName}.{key} is not text"));
        }
    }

    private Schema Expression(string alias, string text)
    {
        var about = text.IndexOf(" -- ", StringComparison.Ordinal);
        var description = about >= 0 ? text[(about + 4)..].Trim() : null;
        var words = (about >= 0 ? text[..about] : text).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var schema = TypeOf(alias, words[0]);
        schema.Description = description;
        foreach (var word in words.AsSpan(1))
        {
            Modify(schema, word);
        }
        return schema;
    }

    private Schema TypeOf(string alias, string type)
    {
        if (type.StartsWith("[]", StringComparison.Ordinal))
        {
            return new Schema { Type = SchemaType.Array, Items = TypeOf(alias, type[2..]) };
        }
        if (type.StartsWith("{}", StringComparison.Ordinal))
        {
            return new Schema { Type = SchemaType.Object, Additional = TypeOf(alias, type[2..]) };
        }
        switch (type)
        {
            case "string":
                return new Schema { Type = SchemaType.String };
            case "bool":
                return new Schema { Type = SchemaType.Boolean };
            case "int32" or "int64":
                return new Schema { Type = SchemaType.Integer, Format = type };
            case "number":
                return new Schema { Type = SchemaType.Number, Format = "double" };
            case "bytes":
                return new Schema { Type = SchemaType.String, Format = "byte" };
            case "intorstring":
                return new Schema { Type = SchemaType.IntOrString, Format = "int-or-string" };
            case "any":
                return new Schema { Type = SchemaType.Any, PreserveUnknown = true };
            case "object":
                return new Schema { Type = SchemaType.Object, PreserveUnknown = true };
        }
        var name = type.Contains('.') ? type : $"{alias}.{type}";
        if (!_types.TryGetValue(name, out var target) && !_types.TryGetValue($"meta.{type}", out target))
        {
            throw new InvalidDataException($"schema {alias}: unknown type {type}");
        }
        return new Schema { Type = target.Type, Ref = target };
    }

    private static void Modify(Schema schema, string word)
    {
        if (word[0] == '=')
        {
            schema.Default = JsonText.Parse(System.Text.Encoding.UTF8.GetBytes(word[1] is '{' or '[' or '"' or '-' || char.IsAsciiDigit(word[1]) || word[1..] is "true" or "false" ? word[1..] : $"\"{word[1..]}\""));
            return;
        }
        var open = word.IndexOf('(');
        var argument = open < 0 ? "" : word[(open + 1)..^1];
        switch (open < 0 ? word : word[..open])
        {
            case "enum":
                schema.Enum = [.. argument.Split('|').Select(v => (JsonNode?)v)];
                break;
            case "min":
                schema.Minimum = double.Parse(argument, CultureInfo.InvariantCulture);
                break;
            case "max":
                schema.Maximum = double.Parse(argument, CultureInfo.InvariantCulture);
                break;
            case "maxlen":
                schema.MaxLength = long.Parse(argument, CultureInfo.InvariantCulture);
                break;
            case "minitems":
                schema.MinItems = int.Parse(argument, CultureInfo.InvariantCulture);
                break;
            case "format":
                schema.Format = argument;
                break;
            case "map":
                schema.ListType = "map";
                schema.ListMapKeys = argument.Split(',');
                break;
            case "repeats":
                schema.AllowsDuplicates = true;
                break;
            case "set":
                schema.ListType = "set";
                break;
            case "atomic":
                schema.ListType = schema.Type == SchemaType.Array ? "atomic" : null;
                schema.AtomicMap = schema.Type != SchemaType.Array;
                break;
            case "merge":
                schema.PatchMerge = true;
                schema.PatchMergeKey = argument.Length > 0 ? argument : null;
                break;
            case "retainkeys":
                schema.PatchRetainKeys = true;
                break;
            default:
                throw new InvalidDataException($"unknown schema modifier '{word}'");
        }
    }

    private static List<string> Texts(JsonNode? node) => node is JsonArray array ? [.. array.Select(n => J.Text(n)!)] : [];

    private static List<PrinterColumn> Columns(JsonNode? node) => node is JsonArray array
        ? [.. array.Select(c => new PrinterColumn(J.Str(c, "name")!, J.Str(c, "type") ?? "string", J.Str(c, "format") ?? "", J.Str(c, "path")!, (int)(J.Int(c!["priority"]) ?? 0), J.Str(c, "about") ?? ""))]
        : [];
}
