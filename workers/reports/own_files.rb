# Loaded into asciidoctor-pdf: files are read from the folder of the report, and from those of Ruby's own packages, alone.
#
# asciidoctor's safe modes hold for `include::`, not for pictures, PDF pages, themes and fonts that are named by an absolute
# path, and not for `<img>` in passed-through text. What is guarded is therefore what Ruby opens files with, whoever asks.
require 'asciidoctor/pdf'

module OwnFiles
  REPORT = File.realpath Dir.pwd
  PACKAGES = [
    *$LOAD_PATH,
    *Gem.path,
    *Gem.loaded_specs.values.map(&:full_gem_path),
    *(Asciidoctor::PDF::ThemeLoader::DataDir if defined? Asciidoctor::PDF::ThemeLoader::DataDir),
    *(Prawn::DATADIR if defined? Prawn::DATADIR),
    *(Prawn::SVG::FontRegistry.font_path if defined? Prawn::SVG::FontRegistry),
  ].map {|folder| File.realpath folder.to_s rescue nil }.compact

  def self.include? name
    return true if name.is_a?(Integer) || name.is_a?(IO)
    name = name.respond_to?(:to_path) ? name.to_path : name.to_str
    return false if name.start_with? '|' # a command, for IO.read and its like
    place = File.realdirpath name
    [REPORT, *PACKAGES].any? {|folder| place.start_with? "#{folder}/" }
  rescue SystemCallError, ArgumentError
    false
  end

  def self.check name
    raise Errno::EACCES, 'not in the folder of the report' unless include? name
  end

  module Opened
    def initialize(name, ...)
      OwnFiles.check name
      super
    end
  end

  module Read
    %i[read binread readlines foreach sysopen copy_stream].each do |method|
      define_method method do |name, *rest, **options, &block|
        OwnFiles.check name if name.respond_to?(:to_str) || name.respond_to?(:to_path)
        super name, *rest, **options, &block
      end
    end
  end

  # so that asciidoctor-pdf says that there is no such picture and goes on with its text
  module Readable
    def readable? name
      OwnFiles.include?(name) && super
    end
  end

  module Asked
    private def open(name, ...)
      OwnFiles.check name if name.respond_to?(:to_str) || name.respond_to?(:to_path)
      super
    end
  end
end

File.prepend OwnFiles::Opened
File.singleton_class.prepend OwnFiles::Readable
IO.singleton_class.prepend OwnFiles::Read
Object.prepend OwnFiles::Asked
