# Made by tools/manual from faltung --help.
_faltung() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=
  case $before in
    --boundary) COMPREPLY=($(compgen -W 'zeros reflect symmetric replicate circular' -- "$word")); return ;;
    --padding) COMPREPLY=($(compgen -W 'valid same same_lower full' -- "$word")); return ;;
    --dtype) COMPREPLY=($(compgen -W 'f32 f64 i64' -- "$word")); return ;;
    --accuracy) COMPREPLY=($(compgen -W 'default strict' -- "$word")); return ;;
    --kernel) COMPREPLY=($(compgen -W 'gaussian: box: sobel-x sobel-y laplacian sharpen bilinear:' -- "$word")); return ;;
    --form) COMPREPLY=($(compgen -W 'folded padded' -- "$word")); return ;;
    --view) COMPREPLY=($(compgen -W 'steps cell matrix three-views temporary overlap' -- "$word")); return ;;
    --format) COMPREPLY=($(compgen -W 'text svg html json' -- "$word")); return ;;
    --gradient) COMPREPLY=($(compgen -W 'input weight' -- "$word")); return ;;
    --algorithm) COMPREPLY=($(compgen -W 'auto' -- "$word")); return ;;
    --bias | --corpus | --input-file | --output | --output-gradient | --page | --weight | -o) COMPREPLY=($(compgen -f -- "$word")); return ;;
    --batch | --cell | --dilation | --groups | --in-channels | --input | --input-size | --kernel-size | --memory | --out-channels | --output-padding | --output-shape | --output-size | --pixel-limit | --port | --problem | --sample-limit | --seconds | --seed | --stride | --threads | --wisdom) return ;;
  esac
  local command=${COMP_WORDS[1]}
  ((COMP_CWORD > 1)) || command=
  case $command in
    'conv') words='-h --help -o --output --weight --kernel --bias --stride --padding --dilation --groups --boundary --flip --dtype --algorithm --accuracy --threads --normalize --no-flip --pixel-limit --sample-limit --stream --memory' ;;
    'conv-transpose') words='-h --help -o --output --weight --kernel --bias --stride --padding --dilation --groups --boundary --flip --output-padding --output-size --output-shape --dtype --algorithm --accuracy --threads --normalize --no-flip --pixel-limit --sample-limit --stream --memory' ;;
    'grad')
      case $((COMP_CWORD > 2)):${COMP_WORDS[2]} in
        1:input) words='-h --help -o --output --transposed --output-padding --weight --input-size --dtype --algorithm --accuracy --threads --stride --padding --dilation --groups --boundary --flip' ;;
        1:weight) words='-h --help -o --output --transposed --output-padding --input --kernel-size --dtype --algorithm --accuracy --threads --stride --padding --dilation --groups --boundary --flip' ;;
        1:bias) words='-h --help -o --output --dtype' ;;
        0:*) words='input weight bias -h --help' ;;
      esac ;;
    'matrix') words='-h --help --problem --input --kernel-size --batch --in-channels --out-channels --dtype --transposed --stride --padding --dilation --groups --boundary --flip --output-padding --output-size --output-shape --weight --symbolic --form -o --output' ;;
    'explain') words='-h --help --problem --input --kernel-size --batch --in-channels --out-channels --dtype --transposed --stride --padding --dilation --groups --boundary --flip --output-padding --output-size --output-shape --view --cell --gradient --form --symbolic --input-file --weight --bias --output-gradient --format -o --output' ;;
    'serve') words='-h --help --port --page' ;;
    'shape') words='-h --help --json --problem --input --kernel-size --batch --in-channels --out-channels --dtype --transposed --stride --padding --dilation --groups --boundary --flip --output-padding --output-size --output-shape' ;;
    'plan') words='-h --help --problem --input --kernel-size --batch --in-channels --out-channels --dtype --transposed --stride --padding --dilation --groups --boundary --flip --output-padding --output-size --output-shape --algorithm --accuracy --threads --once' ;;
    'check') words='-h --help --problem --input --kernel-size --batch --in-channels --out-channels --dtype --transposed --stride --padding --dilation --groups --boundary --flip --output-padding --output-size --output-shape --seed --threads' ;;
    'tune') words='-h --help --problem --input --kernel-size --batch --in-channels --out-channels --dtype --transposed --stride --padding --dilation --groups --boundary --flip --output-padding --output-size --output-shape --corpus --seconds --once --wisdom --accuracy --threads' ;;
    'bench') words='-h --help --problem --input --kernel-size --batch --in-channels --out-channels --dtype --transposed --stride --padding --dilation --groups --boundary --flip --output-padding --output-size --output-shape --corpus --seconds --accuracy --threads' ;;
    '') words='conv conv-transpose grad matrix explain serve shape plan check tune bench -h --help --version' ;;
  esac
  if [[ $word == -* || -z $command || $command:$COMP_CWORD == @(grad):2 ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _faltung faltung
