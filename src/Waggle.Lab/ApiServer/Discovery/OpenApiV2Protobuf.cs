using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>
/// OpenAPI v2 in the protobuf encoding that kubectl before 1.27 asks for (package openapi.v2 of gnostic): the messages
/// and field numbers its <c>apply</c>, <c>explain</c> and validation read.
/// </summary>
internal static class OpenApiV2Protobuf
{
    public static byte[] Encode(JsonObject document)
    {
        var output = new ProtoWriter();
        output.Text(1, J.Str(document, "swagger"));
        output.Message(2, info =>
        {
            info.Text(1, J.Str(document["info"], "title"));
            info.Text(2, J.Str(document["info"], "version"));
        });
        output.Message(8, paths =>
        {
            foreach (var (path, item) in J.Obj(document, "paths") ?? [])
            {
                Named(paths, 2, path, value => PathItem(value, item as JsonObject ?? []));
            }
        });
        output.Message(9, definitions =>
        {
            foreach (var (name, schema) in J.Obj(document, "definitions") ?? [])
            {
                Named(definitions, 1, name, value => Schema(value, schema as JsonObject ?? []));
            }
        });
        return output.ToArray();
    }

    private static void PathItem(ProtoWriter output, JsonObject item)
    {
        foreach (var (method, field) in (ReadOnlySpan<(string, int)>)[("get", 2), ("put", 3), ("post", 4), ("delete", 5), ("patch", 8)])
        {
            if (item[method] is JsonObject operation)
            {
                output.Message(field, o => Operation(o, operation));
            }
        }
    }

    private static void Operation(ProtoWriter output, JsonObject operation)
    {
        output.Text(5, J.Str(operation, "operationId"));
        foreach (var item in J.Arr(operation, "parameters") ?? [])
        {
            // ParametersItem.parameter → Parameter.non_body_parameter → NonBodyParameter.query_parameter_sub_schema
            output.Message(8, choice => choice.Message(1, parameter => parameter.Message(2, kind => kind.Message(3, query =>
            {
                query.Text(2, "query");
                query.Text(3, J.Str(item, "description"));
                query.Text(4, J.Str(item, "name"));
                query.Text(6, "string");
            }))));
        }
        output.Message(9, responses => Named(responses, 1, "200", value => value.Message(1, response => response.Text(1, "OK"))));
        Extensions(output, 13, operation);
    }

    private static void Schema(ProtoWriter output, JsonObject schema)
    {
        output.Text(1, J.Str(schema, "$ref"));
        output.Text(2, J.Str(schema, "format"));
        output.Text(4, J.Str(schema, "description"));
        if (schema["default"] is { } value)
        {
            output.Message(5, any => Any(any, value));
        }
        output.Text(13, J.Str(schema, "pattern"));
        foreach (var required in J.Arr(schema, "required") ?? [])
        {
            output.Text(19, J.Text(required));
        }
        foreach (var item in J.Arr(schema, "enum") ?? [])
        {
            output.Message(20, any => Any(any, item));
        }
        switch (schema["additionalProperties"])
        {
            case JsonObject additional:
                output.Message(21, choice => choice.Message(1, s => Schema(s, additional)));
                break;
            case JsonValue flag when J.Bool(flag) == true:
                output.Message(21, choice => choice.Flag(2, true));
                break;
        }
        if (J.Str(schema, "type") is { } type)
        {
            output.Message(22, item => item.Text(1, type));
        }
        if (schema["items"] is JsonObject items)
        {
            output.Message(23, list => list.Message(1, s => Schema(s, items)));
        }
        if (J.Obj(schema, "properties") is { } properties)
        {
            output.Message(25, list =>
            {
                foreach (var (name, property) in properties)
                {
                    Named(list, 1, name, s => Schema(s, property as JsonObject ?? []));
                }
            });
        }
        Extensions(output, 31, schema);
    }

    private static void Extensions(ProtoWriter output, int field, JsonObject source)
    {
        foreach (var (name, value) in source)
        {
            if (name.StartsWith("x-", StringComparison.Ordinal))
            {
                Named(output, field, name, any => Any(any, value));
            }
        }
    }

    // JSON is YAML: clients parse the text.
    private static void Any(ProtoWriter output, JsonNode? value) => output.Text(2, value?.ToJsonString(JsonText.NodeOptions) ?? "null");

    private static void Named(ProtoWriter output, int field, string name, Action<ProtoWriter> value) => output.Message(field, named =>
    {
        named.Text(1, name);
        named.Message(2, value);
    });

    /// <summary>The little of protobuf's wire format that is needed: strings, booleans and messages.</summary>
    private sealed class ProtoWriter
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();

        public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

        public void Text(int field, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                Bytes(field, Encoding.UTF8.GetBytes(value));
            }
        }

        public void Flag(int field, bool value)
        {
            Varint((uint)field << 3);
            Varint(value ? 1u : 0u);
        }

        public void Message(int field, Action<ProtoWriter> write)
        {
            var inner = new ProtoWriter();
            write(inner);
            Bytes(field, inner._bytes.WrittenSpan);
        }

        private void Bytes(int field, ReadOnlySpan<byte> value)
        {
            Varint(((uint)field << 3) | 2);
            Varint((uint)value.Length);
            _bytes.Write(value);
        }

        private void Varint(uint value)
        {
            while (value >= 0x80)
            {
                _bytes.Write([(byte)(value | 0x80)]);
                value >>= 7;
            }
            _bytes.Write([(byte)value]);
        }
    }
}
